using CloudLab.Server.Events;
using CloudLab.Server.Security;
using CloudLab.Server.Tests.Harness;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Server.Tests.Events;

/// <summary>What routes are called in events: clients filter by these texts.</summary>
public sealed class EventActionTests(SqliteServerFixture fixture) : IClassFixture<SqliteServerFixture>
{
    [Fact]
    public void Routes_that_do_more_than_read_have_actions_of_their_own()
    {
        RouteEndpoint[] routes =
        [
            .. fixture.Server.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
                .Where(route => route.Metadata.GetMetadata<Permission>() is { IsRead: false }),
        ];
        string[] actions =
        [
            .. routes.Select(r => EventAction.Of(r.Metadata.GetMetadata<Permission>()!, r.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName).Name),
        ];
        Assert.Equal(actions.Distinct(), actions);
        string[] promised =
        [
            "instances.create", "instances.start", "instances.stop", "instances.reboot", "instances.terminate",
            "images.register", "images.copy", "images.share", "images.deregister", "images.build",
            "images.upload-kernel", "images.upload-firmware", "images.upload-initramfs",
            "webhooks.create", "webhooks.change", "webhooks.delete", "tokens.create", "access-keys.revoke",
        ];
        Assert.Empty(promised.Except(actions));
    }

    [Fact]
    public void Every_route_that_changes_something_does_more_than_read()
    {
        foreach (RouteEndpoint route in fixture.Server.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>())
        {
            bool changes = route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Any(method => method is not ("GET" or "HEAD"));
            if (changes) Assert.False(route.Metadata.GetMetadata<Permission>()!.IsRead, route.DisplayName);
        }
    }
}
