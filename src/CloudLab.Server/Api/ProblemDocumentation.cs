using CloudLab.Server.Problems;

namespace CloudLab.Server.Api;

internal static class ProblemDocumentation
{
    /// <summary>Declares which errors a route answers, besides those that each route with a permission has: 401, 403, and 400 for a query that it does not take.</summary>
    public static RouteHandlerBuilder WithProblems(this RouteHandlerBuilder route, params ReadOnlySpan<int> statuses)
    {
        int[] always = [StatusCodes.Status400BadRequest, StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden];
        foreach (int status in always.Union(statuses.ToArray()))
            route.Produces<Problem>(status, ProblemResult.ContentType);
        return route;
    }
}
