using CloudLab.Server.Problems;

namespace CloudLab.Server.Api;

internal static class ProblemDocumentation
{
    /// <summary>Declares which errors a route answers, besides 401 and 403 that each route with a permission has.</summary>
    public static RouteHandlerBuilder WithProblems(this RouteHandlerBuilder route, params ReadOnlySpan<int> statuses)
    {
        foreach (int status in (ReadOnlySpan<int>)[StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, .. statuses])
            route.Produces<Problem>(status, ProblemResult.ContentType);
        return route;
    }
}
