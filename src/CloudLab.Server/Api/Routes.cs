using CloudLab.Server.Api.Backups;
using CloudLab.Server.Api.Common;
using CloudLab.Server.Api.Consoles;
using CloudLab.Server.Api.Health;
using CloudLab.Server.Api.Images;
using CloudLab.Server.Api.Instances;
using CloudLab.Server.Api.InstanceTypes;
using CloudLab.Server.Console;
using CloudLab.Server.OpenApi;
using CloudLab.Server.Telemetry;

namespace CloudLab.Server.Api;

internal static class Routes
{
    /// <summary>Every route there is.</summary>
    public static void MapCloudLab(this IEndpointRouteBuilder routes)
    {
        // Each route names its own permission; that the group demands a caller as well covers one that forgets to.
        RouteGroupBuilder v1 = routes.MapGroup("/v1").RequireAuthorization().RefuseUnknownParameters();
        v1.MapInstanceTypes();
        v1.MapImages();
        v1.MapInstances();
        v1.MapInstanceAttributes();
        v1.MapInstanceMetrics();
        v1.MapConsoles();
        v1.MapBackups();
        routes.MapHealth();
        routes.MapMetrics();
        routes.MapCloudLabOpenApi();
        routes.MapConsolePage();
        routes.MapGet("/", () => TypedResults.Redirect("/swagger")).WithName("Home").ExcludeFromDescription().AllowAnonymous();
    }
}
