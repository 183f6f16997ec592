using System.Net;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Problems;
using CloudLab.Server.Security;
using CloudLab.Server.Tests.Harness;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Server.Tests.Api;

/// <summary>What holds for every route, also those to come.</summary>
public sealed class RouteTests(SqliteServerFixture fixture) : IClassFixture<SqliteServerFixture>
{
    // Everything else needs a token.
    private static readonly string[] Open =
    [
        "Home", "GetLiveness", "GetReadiness", "OpenApi", "ConsolePage", "ConsoleScript", "TerminalScript", "ConsoleStyle",
    ];

    private readonly TestServer _server = fixture.Server;

    private IEnumerable<RouteEndpoint> Endpoints =>
        _server.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>();

    [Fact]
    public void Every_route_has_a_name_of_its_own()
    {
        string?[] names = [.. Endpoints.Select(NameOf)];

        Assert.All(names, Assert.NotNull);
        Assert.Equal(names.Distinct(), names);
        Assert.NotEmpty(names);
    }

    [Fact]
    public void Every_route_declares_a_permission_or_is_known_to_be_open()
    {
        foreach (RouteEndpoint endpoint in Endpoints)
        {
            bool open = endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;
            Assert.Equal(open, Open.Contains(NameOf(endpoint)));
            Assert.Equal(open, endpoint.Metadata.GetMetadata<Permission>() is null);
            Assert.Equal(open, endpoint.Metadata.GetMetadata<AuthorizationPolicy>() is null);
        }
    }

    [Fact]
    public void Every_protected_route_declares_a_summary_its_success_and_its_problems()
    {
        foreach (RouteEndpoint endpoint in Protected())
        {
            IProducesResponseTypeMetadata[] responses = [.. endpoint.Metadata.GetOrderedMetadata<IProducesResponseTypeMetadata>()];
            Assert.Contains(responses, r => r.StatusCode is 101 or 200 or 201 or 202 or 204);
            Assert.Contains(responses, r => r.StatusCode == 401 && r.Type == typeof(Problem));
            Assert.Contains(responses, r => r.StatusCode == 403 && r.Type == typeof(Problem));
            if (endpoint.RoutePattern.Parameters.Count > 0) Assert.Contains(responses, r => r.StatusCode == 404);
            Assert.False(string.IsNullOrEmpty(endpoint.Metadata.GetMetadata<IEndpointSummaryMetadata>()?.Summary), NameOf(endpoint));
        }
    }

    [Fact]
    public async Task Every_protected_route_answers_401_without_a_token()
    {
        foreach ((HttpRequestMessage request, string name) in RequestsToProtected())
        {
            using HttpResponseMessage response = await _server.Anonymous.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{name} answers {response.StatusCode}");
            Assert.Equal("unauthenticated", await response.ReadProblemAsync());
            Assert.Equal("Bearer realm=\"CloudLab\"", response.Headers.WwwAuthenticate.Single().ToString());
        }
    }

    [Theory]
    [InlineData(Role.Viewer, false)]
    [InlineData(Role.Operator, false)]
    [InlineData(Role.Admin, false)]
    [InlineData(Role.Viewer, true)]
    [InlineData(Role.Operator, true)]
    [InlineData(Role.Admin, true)]
    public async Task A_role_passes_exactly_the_routes_whose_permission_it_has(Role role, bool isManagement)
    {
        (AccountId account, HttpClient admin) = await _server.AccountAsync();
        admin.Dispose();
        using HttpClient client = isManagement ? await _server.ClientAsync(role) : await _server.ClientAsync(account, role);
        foreach (RouteEndpoint endpoint in Protected())
        {
            Permission permission = endpoint.Metadata.GetMetadata<Permission>()!;
            bool allowed = role >= permission.Role && (isManagement || !permission.IsManagement);
            // A stream of events has no end.
            using HttpResponseMessage response = await client.SendAsync(
                RequestTo(endpoint), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            Assert.True(allowed == (response.StatusCode != HttpStatusCode.Forbidden), $"{NameOf(endpoint)} answers {role} {response.StatusCode}");
            if (!allowed) Assert.Equal("forbidden", await response.ReadProblemAsync());
        }
    }

    [Fact]
    public void What_concerns_other_accounts_is_for_the_management_account_only() => Assert.All(
        Protected().Where(e => e.RoutePattern.RawText!.StartsWith("/v1/admin/", StringComparison.Ordinal)),
        e => Assert.True(e.Metadata.GetMetadata<Permission>()!.IsManagement, NameOf(e)));

    private static string? NameOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName;

    private IEnumerable<RouteEndpoint> Protected() => Endpoints.Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is null);

    private IEnumerable<(HttpRequestMessage Request, string Name)> RequestsToProtected() =>
        Protected().Select(endpoint => (RequestTo(endpoint), NameOf(endpoint)!));

    private static HttpRequestMessage RequestTo(RouteEndpoint endpoint)
    {
        string path = endpoint.RoutePattern.RawText!.Replace("{id}", "i-0123456789abcdef0", StringComparison.Ordinal)
            .Replace("{name}", "standard.small", StringComparison.Ordinal);
        Assert.DoesNotContain('{', path);
        string method = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Single();
        return new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
    }
}
