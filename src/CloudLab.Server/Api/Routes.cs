using CloudLab.Server.Api.AccessKeys;
using CloudLab.Server.Api.Accounts;
using CloudLab.Server.Api.Backups;
using CloudLab.Server.Api.Common;
using CloudLab.Server.Api.Consoles;
using CloudLab.Server.Api.Events;
using CloudLab.Server.Api.Health;
using CloudLab.Server.Api.Hosts;
using CloudLab.Server.Api.Images;
using CloudLab.Server.Api.Instances;
using CloudLab.Server.Api.InstanceTypes;
using CloudLab.Server.Api.Me;
using CloudLab.Server.Api.Quotas;
using CloudLab.Server.Api.Tokens;
using CloudLab.Server.Api.Users;
using CloudLab.Server.Api.Webhooks;
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
        v1.MapMe();
        v1.MapQuotas();
        v1.MapUsers();
        v1.MapTokens();
        v1.MapAccessKeys();
        v1.MapAccounts();
        v1.MapAccountQuotas();
        v1.MapHosts();
        v1.MapEvents();
        v1.MapWebhooks();
        routes.MapHealth();
        routes.MapMetrics();
        routes.MapCloudLabOpenApi();
        routes.MapConsolePage();
        routes.MapGet("/", () => TypedResults.Redirect("/swagger")).WithName("Home").ExcludeFromDescription().AllowAnonymous();
    }
}
