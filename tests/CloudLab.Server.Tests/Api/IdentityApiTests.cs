using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Api;

/// <summary>Accounts, users, tokens, keys, quotas and hosts through the API.</summary>
public abstract class IdentityApiTests(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_token_says_whose_it_is()
    {
        JsonObject me = await _server.Admin.GetAsync("/v1/me", HttpStatusCode.OK);
        Assert.Equal(("default", "admin", "admin", true), ((string)me["accountName"]!, (string)me["userName"]!, (string)me["role"]!, (bool)me["management"]!));
        Assert.Null(me["tokenExpiresAt"]);
    }

    [Fact]
    public async Task A_user_works_with_tokens_until_they_are_revoked_or_it_is_disabled()
    {
        string user = (string)(await _server.Admin.PostAsync("/v1/users", """{"name":"life","role":"operator"}""", HttpStatusCode.Created))["userId"]!;
        string wanted = $$"""{"name":"one","userId":"{{user}}","expiresAt":"2099-12-31T23:59:59.1234567+02:00"}""";
        JsonObject created = await _server.Admin.PostAsync("/v1/tokens", wanted, HttpStatusCode.Created);
        using HttpClient client = _server.ClientWith((string)created["token"]!);
        JsonObject me = await client.GetAsync("/v1/me", HttpStatusCode.OK);
        Assert.Equal((user, "operator", "2099-12-31T21:59:59.123456+00:00"), ((string)me["userId"]!, (string)me["role"]!, (string)me["tokenExpiresAt"]!));

        await ChangeAsync("""{"disabled":true}""", HttpStatusCode.OK);
        await client.GetAsync("/v1/me", HttpStatusCode.Unauthorized);
        await ChangeAsync("""{"disabled":false,"role":"viewer"}""", HttpStatusCode.OK);
        Assert.Equal("viewer", (string)(await client.GetAsync("/v1/me", HttpStatusCode.OK))["role"]!);
        await client.PostAsync("/v1/tokens", """{"name":"more","role":"operator"}""", HttpStatusCode.Forbidden);
        await client.PostAsync("/v1/tokens", """{"name":"same"}""", HttpStatusCode.Created);
        Assert.Equal(2, (await client.GetAsync("/v1/tokens", HttpStatusCode.OK))["tokens"]!.AsArray().Count);

        string token = (string)created["tokenId"]!;
        using HttpResponseMessage revoked = await _server.Admin.DeleteAsync(new Uri($"/v1/tokens/{token}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.NotNull((await revoked.ReadAsync(HttpStatusCode.OK))["revokedAt"]);
        await client.GetAsync("/v1/me", HttpStatusCode.Unauthorized);

        using HttpResponseMessage deleted = await _server.Admin.DeleteAsync(new Uri($"/v1/users/{user}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await _server.Admin.GetAsync($"/v1/users/{user}", HttpStatusCode.NotFound);

        async Task ChangeAsync(string body, HttpStatusCode status)
        {
            using StringContent content = Http.Json(body);
            using HttpResponseMessage response = await _server.Admin.PatchAsync(new Uri($"/v1/users/{user}", UriKind.Relative), content, TestContext.Current.CancellationToken);
            await response.ReadAsync(status);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    public async Task An_access_key_is_made_for_the_caller_with_its_secret_this_once(string? body)
    {
        JsonObject created = await _server.Admin.PostAsync("/v1/access-keys", body, HttpStatusCode.Created);
        Assert.Matches("^AKIA[A-Z2-7]{16}$", (string)created["accessKeyId"]!);
        Assert.Equal(40, ((string)created["secretAccessKey"]!).Length);
        Assert.Matches("^[0-9a-f]{64}$", (string)created["canonicalUserId"]!);
        Assert.Equal((string)(await _server.Admin.GetAsync("/v1/me", HttpStatusCode.OK))["userId"]!, (string)created["userId"]!);
        JsonObject list = await _server.Admin.GetAsync("/v1/access-keys", HttpStatusCode.OK);
        Assert.DoesNotContain((string)created["secretAccessKey"]!, list.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains((string)created["accessKeyId"]!, list.ToJsonString(), StringComparison.Ordinal);
        using HttpResponseMessage revoked = await _server.Admin.DeleteAsync(
            new Uri($"/v1/access-keys/{created["accessKeyId"]}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.NotNull((await revoked.ReadAsync(HttpStatusCode.OK))["revokedAt"]);
    }

    [Fact]
    public async Task An_account_is_made_entered_limited_suspended_resumed_and_deleted()
    {
        JsonObject created = await _server.Admin.PostAsync("/v1/admin/accounts", """{"name":"whole-life"}""", HttpStatusCode.Created);
        string path = $"/v1/admin/accounts/{created["account"]!["accountId"]}";
        using HttpClient admin = _server.ClientWith((string)created["token"]!);
        Assert.Equal("whole-life", (string)(await admin.GetAsync("/v1/me", HttpStatusCode.OK))["accountName"]!);

        using (StringContent limits = Http.Json("""{"limits":{"instances":1,"memory-bytes":134217728}}"""))
            await (await _server.Admin.PutAsync(new Uri(path + "/quotas", UriKind.Relative), limits, TestContext.Current.CancellationToken)).ReadAsync(HttpStatusCode.OK);
        string id = await admin.RunInstanceAsync();
        JsonNode quota = (await admin.GetAsync("/v1/quotas", HttpStatusCode.OK))["quotas"]!.AsArray().Single(q => (string)q!["name"]! == "instances")!;
        Assert.Equal((1L, 1L, false), ((long)quota["limit"]!, (long)quota["used"]!, (bool)quota["default"]!));
        const string Another = """{"imageId":"cloudlab-linux","instanceType":"standard.small"}""";
        JsonObject refused = await admin.PostAsync("/v1/instances", Another, HttpStatusCode.Conflict);
        Assert.Equal(("quota-exceeded", "the account's quota of 1 instances does not allow 1 more: 1 are in use"), ((string)refused["code"]!, (string)refused["detail"]!));
        Assert.Contains("whole-life", (await _server.Admin.GetAsync("/v1/admin/usage", HttpStatusCode.OK)).ToJsonString(), StringComparison.Ordinal);

        Assert.Equal("suspended", (string)(await _server.Admin.PostAsync(path + "/suspend", null, HttpStatusCode.OK))["state"]!);
        Assert.Equal("account-suspended", (string)(await admin.GetAsync("/v1/me", HttpStatusCode.Forbidden))["code"]!);
        await _server.Admin.PostAsync(path + "/resume", null, HttpStatusCode.OK);
        using (HttpResponseMessage full = await _server.Admin.DeleteAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken))
            Assert.Equal("account-not-empty", await full.ReadProblemAsync());
        await admin.TerminateAsync(id);
        using (HttpResponseMessage deleted = await _server.Admin.DeleteAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await admin.GetAsync("/v1/me", HttpStatusCode.Unauthorized);
        await _server.Admin.GetAsync(path, HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("""{"limits":{"goats":1}}""", "'goats' is not a quota; there are instances, vcpus, memory-bytes, images")]
    [InlineData("""{"limits":{"vcpus":-1}}""", "the quota of vcpus must be 0 to 9007199254740991")]
    public async Task A_limit_that_makes_no_sense_is_refused(string body, string detail)
    {
        string account = (string)(await _server.Admin.GetAsync("/v1/me", HttpStatusCode.OK))["accountId"]!;
        using StringContent content = Http.Json(body);
        using HttpResponseMessage response = await _server.Admin.PutAsync(
            new Uri($"/v1/admin/accounts/{account}/quotas", UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.StartsWith(detail, (string)(await response.ReadAsync(HttpStatusCode.BadRequest))["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hosts_show_what_they_have_and_what_is_in_use()
    {
        JsonNode host = Assert.Single((await _server.Admin.GetAsync("/v1/admin/hosts", HttpStatusCode.OK))["hosts"]!.AsArray())!;
        Assert.True((bool)host["alive"]!);
        Assert.True((long)host["memoryBytes"]! > (long)host["usedMemoryBytes"]!);
        JsonObject same = await _server.Admin.GetAsync($"/v1/admin/hosts/{host["name"]}", HttpStatusCode.OK);
        Assert.Equal((string)host["name"]!, (string)same["name"]!);
        Assert.Equal("host-not-found", (string)(await _server.Admin.GetAsync("/v1/admin/hosts/nobody", HttpStatusCode.NotFound))["code"]!);
    }

    [Theory]
    [InlineData("POST", "/v1/users", """{"name":"a b","role":"viewer"}""", 400, "invalid-parameter")]
    [InlineData("POST", "/v1/users", """{"name":"a","role":"reader"}""", 400, "invalid-request")]
    [InlineData("POST", "/v1/users", """{"name":"admin","role":"viewer"}""", 409, "name-in-use")]
    [InlineData("POST", "/v1/tokens", """{"name":""}""", 400, "invalid-parameter")]
    [InlineData("POST", "/v1/tokens", """{"name":"a","userId":"me"}""", 400, "invalid-parameter")]
    [InlineData("POST", "/v1/tokens", """{"name":"a","expiresAt":"2001-01-01T00:00:00Z"}""", 400, "invalid-parameter")]
    [InlineData("POST", "/v1/tokens", """{"name":"a","expiresAt":"0001-01-01T00:00:00+14:00"}""", 400, "invalid-request")]
    [InlineData("POST", "/v1/access-keys", """{"accessKeyId":"only"}""", 400, "invalid-parameter")]
    [InlineData("POST", "/v1/access-keys", """{"acessKeyId":"only"}""", 400, "invalid-request")]
    [InlineData("POST", "/v1/admin/accounts", """{"name":"default"}""", 409, "name-in-use")]
    [InlineData("GET", "/v1/users?limit=0", null, 400, "invalid-parameter")]
    [InlineData("GET", "/v1/tokens?nextToken=nonsense", null, 400, "invalid-parameter")]
    [InlineData("GET", "/v1/tokens?userId=nonsense", null, 400, "invalid-parameter")]
    [InlineData("GET", "/v1/admin/accounts/12345678901", null, 404, "account-not-found")]
    [InlineData("POST", "/v1/admin/accounts/123456789012/suspend", null, 404, "account-not-found")]
    [InlineData("DELETE", "/v1/tokens/tok-0", null, 404, "token-not-found")]
    [InlineData("DELETE", "/v1/access-keys/a%09b", null, 404, "access-key-not-found")]
    [InlineData("DELETE", "/v1/users/usr-0123456789abcdef0", null, 404, "user-not-found")]
    public async Task What_makes_no_sense_is_answered(string method, string path, string? body, int status, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative)) { Content = body is null ? null : Http.Json(body) };
        using HttpResponseMessage response = await _server.Admin.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(code, await response.ReadProblemAsync());
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_console_ends_when_its_token_does()
    {
        string id = await _server.Admin.RunInstanceAsync();
        string user = (string)(await _server.Admin.PostAsync("/v1/users", $$"""{"name":"console-{{Guid.NewGuid():n}}","role":"operator"}""", HttpStatusCode.Created))["userId"]!;
        JsonObject token = await _server.Admin.PostAsync("/v1/tokens", $$"""{"name":"console","userId":"{{user}}"}""", HttpStatusCode.Created);
        using HttpClient client = _server.ClientWith((string)token["token"]!);
        JsonObject unused = await client.PostAsync($"/v1/instances/{id}/console/ticket", null, HttpStatusCode.OK);
        using ConsoleClient console = await ConsoleClient.ConnectAsync(ConsoleClient.UrlOf(_server, id), (string)token["token"]!);
        await console.ExpectAsync("OK\n");

        using HttpResponseMessage revoked = await _server.Admin.DeleteAsync(
            new Uri($"/v1/tokens/{token["tokenId"]}", UriKind.Relative), TestContext.Current.CancellationToken);
        await console.ReadToCloseAsync();
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, console.CloseStatus);
        await _server.Anonymous.GetAsync((string)unused["url"]!, HttpStatusCode.Unauthorized);
        await _server.Admin.TerminateAsync(id);
    }
}

public sealed class IdentityApiOnSqliteTests(SqliteServerFixture fixture) : IdentityApiTests(fixture), IClassFixture<SqliteServerFixture>;

public sealed class IdentityApiOnPostgresTests(PostgresServerFixture fixture) : IdentityApiTests(fixture), IClassFixture<PostgresServerFixture>;
