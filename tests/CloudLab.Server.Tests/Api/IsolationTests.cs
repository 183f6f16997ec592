using System.Net;
using System.Text.Json.Nodes;
using CloudLab.Server.Security;
using CloudLab.Server.Tests.Harness;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Server.Tests.Api;

/// <summary>No request ever sees or changes another account's, also by routes to come.</summary>
public sealed class IsolationTests(SqliteServerFixture fixture) : IClassFixture<SqliteServerFixture>
{
    // Nouns that no account owns.
    private static readonly string[] Shared = ["instance-types"];

    // What a route needs in its body to look for the resource at all; {} is enough for others.
    private static readonly Dictionary<string, string> Bodies = new()
    {
        ["ChangeWebhook"] = """{"url":"https://example.com/stolen"}""",
        ["ShareImage"] = """{"accounts":[]}""",
    };

    private readonly TestServer _server = fixture.Server;

    /// <summary>
    /// Walks every route with an id in its path. A new noun fails here until <see cref="MakeOneOfEachAsync"/> makes one of
    /// it: then its routes are walked too.
    /// </summary>
    [Fact]
    public async Task What_belongs_to_another_account_is_not_there()
    {
        (_, HttpClient owner) = await _server.AccountAsync();
        (_, HttpClient stranger) = await _server.AccountAsync();
        using (owner)
        using (stranger)
        {
            Dictionary<string, string> resources = await MakeOneOfEachAsync(owner);
            Assert.DoesNotContain(resources.Values, string.IsNullOrEmpty);
            // The management account manages accounts; what is in them it does not see either.
            foreach (HttpClient other in new[] { stranger, _server.Admin })
            {
                // Before it asks for them by id: the list of events has its own requests in it.
                foreach (RouteEndpoint endpoint in OwnRoutes().Where(e => e.RoutePattern.Parameters.Count == 0 && MethodOf(e) == "GET"))
                {
                    if (IsStream(endpoint)) continue;
                    using HttpResponseMessage response = await other.SendAsync(RequestTo(endpoint, ""), TestContext.Current.CancellationToken);
                    string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                    Assert.True(response.IsSuccessStatusCode, $"{NameOf(endpoint)} answers {response.StatusCode}: {body}");
                    Assert.All(resources.Values, id => Assert.DoesNotContain(id, body, StringComparison.Ordinal));
                }

                foreach (RouteEndpoint endpoint in OwnRoutes().Where(e => e.RoutePattern.Parameters.Count > 0))
                {
                    string noun = NounOf(endpoint);
                    Assert.True(resources.ContainsKey(noun), $"make one of {noun} in {nameof(MakeOneOfEachAsync)}");
                    using HttpResponseMessage response = await other.SendAsync(RequestTo(endpoint, resources[noun]), TestContext.Current.CancellationToken);
                    Assert.True(response.StatusCode == HttpStatusCode.NotFound, $"{NameOf(endpoint)} answers {response.StatusCode}");
                    Assert.EndsWith("-not-found", await response.ReadProblemAsync(), StringComparison.Ordinal);
                }
            }

            // Nothing of it changed, and its owner has it still.
            foreach (string noun in new[] { "instances", "users", "images", "webhooks" })
                await owner.GetAsync($"/v1/{noun}/{resources[noun]}", HttpStatusCode.OK);
            Assert.Equal("running", (string)(await owner.GetAsync($"/v1/instances/{resources["instances"]}", HttpStatusCode.OK))["state"]!);
            foreach ((string path, string list, string id) in new[] { ("tokens", "tokens", "tokenId"), ("access-keys", "accessKeys", "accessKeyId") })
            {
                JsonObject page = await owner.GetAsync($"/v1/{path}", HttpStatusCode.OK);
                JsonNode item = page[list]!.AsArray().Single(t => (string)t![id]! == resources[path])!;
                Assert.Null(item["revokedAt"]);
            }
        }
    }

    [Fact]
    public async Task Another_account_s_user_is_not_there_in_bodies_and_queries()
    {
        (_, HttpClient owner) = await _server.AccountAsync();
        using (owner)
        {
            string user = (string)(await owner.GetAsync("/v1/me", HttpStatusCode.OK))["userId"]!;
            await _server.Admin.PostAsync("/v1/tokens", $$"""{"name":"theirs","userId":"{{user}}"}""", HttpStatusCode.NotFound);
            await _server.Admin.PostAsync("/v1/access-keys", $$"""{"userId":"{{user}}"}""", HttpStatusCode.NotFound);
            Assert.Empty((await _server.Admin.GetAsync($"/v1/tokens?userId={user}", HttpStatusCode.OK))["tokens"]!.AsArray());
            Assert.Empty((await _server.Admin.GetAsync($"/v1/access-keys?userId={user}", HttpStatusCode.OK))["accessKeys"]!.AsArray());
        }
    }

    /// <summary>One resource of each noun, by noun.</summary>
    private static async Task<Dictionary<string, string>> MakeOneOfEachAsync(HttpClient owner)
    {
        string user = (string)(await owner.PostAsync("/v1/users", """{"name":"somebody","role":"operator"}""", HttpStatusCode.Created))["userId"]!;
        string token = (string)(await owner.PostAsync("/v1/tokens", $$"""{"name":"theirs","userId":"{{user}}"}""", HttpStatusCode.Created))["tokenId"]!;
        string key = (string)(await owner.PostAsync("/v1/access-keys", null, HttpStatusCode.Created))["accessKeyId"]!;
        string image = (string)(await owner.PostAsync("/v1/images", """{"name":"theirs"}""", HttpStatusCode.Created))["imageId"]!;
        JsonObject webhook = await owner.PostAsync("/v1/webhooks", """{"url":"https://example.com/theirs"}""", HttpStatusCode.Created);
        return new()
        {
            ["instances"] = await owner.RunInstanceAsync(),
            ["images"] = image,
            ["webhooks"] = (string)webhook["webhook"]!["webhookId"]!,
            ["users"] = user,
            ["tokens"] = token,
            ["access-keys"] = key,
        };
    }

    /// <summary>The routes to what belongs to accounts: all but those that manage accounts and what is everybody's.</summary>
    private IEnumerable<RouteEndpoint> OwnRoutes() => _server.Services.GetServices<EndpointDataSource>()
        .SelectMany(source => source.Endpoints)
        .OfType<RouteEndpoint>()
        .Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is null && !e.Metadata.GetMetadata<Permission>()!.IsManagement)
        .Where(e => !Shared.Contains(NounOf(e)));

    // It ends with its client; what it sends is what the list of events shows, by the same query.
    private static bool IsStream(RouteEndpoint endpoint) => endpoint.Metadata.GetOrderedMetadata<IProducesResponseTypeMetadata>()
        .Any(r => r.ContentTypes.Contains("text/event-stream"));

    private static string NounOf(RouteEndpoint endpoint) => endpoint.RoutePattern.RawText!.Split('/')[2];

    private static string? NameOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName;

    private static string MethodOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Single();

    private static HttpRequestMessage RequestTo(RouteEndpoint endpoint, string id)
    {
        string path = endpoint.RoutePattern.RawText!.Replace("{id}", id, StringComparison.Ordinal);
        bool hasBody = endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is not null;
        return new HttpRequestMessage(new HttpMethod(MethodOf(endpoint)), new Uri(path, UriKind.Relative))
        {
            Content = hasBody ? Http.Json(Bodies.GetValueOrDefault(NameOf(endpoint)!, "{}")) : null,
        };
    }
}
