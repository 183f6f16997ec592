using CloudLab.Server.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CloudLab.Server.Api.Health;

internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", () => TypedResults.Ok(new LivenessView()))
            .WithTags("Health")
            .WithName("GetLiveness")
            .WithSummary("Says that the server runs")
            .AllowAnonymous();
        routes.MapGet("/readyz", Get)
            .WithTags("Health")
            .WithName("GetReadiness")
            .WithSummary("Says whether the built-in image can start an instance, and what is missing if not")
            .Produces<ReadinessView>(StatusCodes.Status503ServiceUnavailable)
            .AllowAnonymous();
    }

    private static Results<Ok<ReadinessView>, JsonHttpResult<ReadinessView>> Get(Readiness readiness)
    {
        ReadinessView view = readiness.Current;
        return view.Ready ? TypedResults.Ok(view) : TypedResults.Json(view, statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}
