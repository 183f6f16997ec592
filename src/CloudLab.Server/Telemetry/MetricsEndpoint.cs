using CloudLab.Server.Problems;
using CloudLab.Server.Security;

namespace CloudLab.Server.Telemetry;

internal static class MetricsEndpoint
{
    public const string Path = "/metrics";

    /// <summary>The exporter's endpoint, made to look like our own routes.</summary>
    public static void MapMetrics(this IEndpointRouteBuilder routes)
    {
        Permission permission = Permission.MetricsRead;
        routes.MapPrometheusScrapingEndpoint(Path)
            .WithName("GetMetrics")
            .WithSummary("Metrics of this host in Prometheus' text format")
            .RequireAuthorization(permission.Policy)
            .WithMetadata(
                permission,
                new HttpMethodMetadata([HttpMethods.Get]),
                new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(string), ["text/plain"]),
                new ProducesResponseTypeMetadata(StatusCodes.Status401Unauthorized, typeof(Problem), [ProblemResult.ContentType]),
                new ProducesResponseTypeMetadata(StatusCodes.Status403Forbidden, typeof(Problem), [ProblemResult.ContentType]));
    }
}
