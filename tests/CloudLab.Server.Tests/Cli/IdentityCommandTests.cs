using System.Net;
using System.Text.Json.Nodes;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Cli;
using CloudLab.Server.Tests.Harness;
using CloudLab.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Server.Tests.Cli;

/// <summary>The verbs for accounts, tokens and keys.</summary>
public sealed class IdentityCommandTests(SharedPostgres postgres) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _directory.Dispose();
        _error.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task They_work_beside_a_running_server(bool onPostgres)
    {
        string? database = onPostgres ? await postgres.CreateDatabaseAsync(TestContext.Current.CancellationToken) : null;
        await using TestServer server = await TestServer.StartAsync(kernel: null, options => options with { PostgresConnectionString = database });
        string[] where = ["--data-dir", server.DataDirectory, "--database", database ?? "sqlite"];

        JsonObject account = await JsonAsync(["account", "create", "team-a", "--canonical-user-id", "team-a-of-old", .. where]);
        using (HttpClient admin = server.ClientWith((string)account["token"]!))
            Assert.Equal("team-a", (string)(await admin.GetAsync("/v1/me", HttpStatusCode.OK))["accountName"]!);
        JsonArray accounts = (await JsonAsync(["account", "list", .. where]))["accounts"]!.AsArray();
        Assert.Equal(["team-a", "default"], accounts.Select(a => (string)a!["name"]!));

        JsonObject token = await JsonAsync(["token", "create", "--account", "team-a", "--user", "ci", "--role", "viewer", "--expires", "30d", .. where]);
        using HttpClient viewer = server.ClientWith((string)token["token"]!);
        JsonObject me = await viewer.GetAsync("/v1/me", HttpStatusCode.OK);
        Assert.Equal(("ci", "viewer", false), ((string)me["userName"]!, (string)me["role"]!, me["tokenExpiresAt"] is null));
        Assert.Contains((string)token["tokenId"]!, await TextAsync(["token", "list", "--account", "team-a", .. where]), StringComparison.Ordinal);
        await TextAsync(["token", "revoke", (string)token["tokenId"]!, "--account", "team-a", .. where]);
        await viewer.GetAsync("/v1/me", HttpStatusCode.Unauthorized);

        await File.WriteAllTextAsync(_directory["secret"], "minio-secret\n", TestContext.Current.CancellationToken);
        string[] import = ["access-key", "create", "--account", "team-a", "--access-key-id", "minio", "--secret-access-key-file", _directory["secret"], .. where];
        JsonObject key = await JsonAsync(import);
        Assert.Equal(("minio", "team-a-of-old"), ((string)key["accessKeyId"]!, (string)key["canonicalUserId"]!));
        Assert.DoesNotContain("minio-secret", await TextAsync(import), StringComparison.Ordinal);
        AccessKeyService keys = server.Services.GetRequiredService<AccessKeyService>();
        Assert.Equal("minio-secret", (await keys.FindAsync("minio", TestContext.Current.CancellationToken)).Value!.Secret);
        await TextAsync(["access-key", "revoke", "minio", "--account", "team-a", .. where]);
        Result<AccessKeyHolder> gone = await keys.FindAsync("minio", TestContext.Current.CancellationToken);
        Assert.Equal(ErrorCode.InvalidAccessKey, gone.Error!.Code);
        Assert.Contains("minio", await TextAsync(["access-key", "list", "--account", "team-a", .. where]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_they_change_leaves_events_of_the_operator(bool onPostgres)
    {
        string? database = onPostgres ? await postgres.CreateDatabaseAsync(TestContext.Current.CancellationToken) : null;
        await using TestServer server = await TestServer.StartAsync(kernel: null, options => options with { PostgresConnectionString = database });
        string[] where = ["--data-dir", server.DataDirectory, "--database", database ?? "sqlite"];

        JsonObject account = await JsonAsync(["account", "create", "team-a", .. where]);
        string[] inAccount = ["--account", "team-a", .. where];
        string token = (string)(await JsonAsync(["token", "create", "--user", "ci", "--role", "viewer", .. inAccount]))["tokenId"]!;
        await TextAsync(["token", "list", .. inAccount]);
        await TextAsync(["token", "revoke", token, .. inAccount]);
        string key = (string)(await JsonAsync(["access-key", "create", "--user", "ci", .. inAccount]))["accessKeyId"]!;
        await TextAsync(["access-key", "revoke", key, .. inAccount]);
        foreach (string[] refused in (string[][])[["access-key", "revoke", "nonsense"], ["access-key", "create", "--access-key-id", "abc", "--user", "ci"]])
        {
            using var console = new QuietConsole();
            Assert.Equal(ExitCode.Failed, await RunAsync(console, [.. refused, .. inAccount]));
        }

        using HttpClient admin = server.ClientWith((string)account["token"]!);
        JsonNode[] events = await EventsAsync(admin);
        Assert.Equal(
            [
                ("users.create", "ok", null), ("tokens.create", "ok", token), ("tokens.revoke", "ok", token),
                ("access-keys.create", "ok", key), ("access-keys.revoke", "ok", key),
                ("access-keys.revoke", "refused", "nonsense"), ("access-keys.create", "refused", null),
            ],
            events.Select(e => ((string)e["action"]!, (string)e["outcome"]!, (string)e["action"]! == "users.create" ? null : (string?)e["resourceId"])));
        Assert.Equal(["access-key-not-found", "invalid-parameter"], events.TakeLast(2).Select(e => (string)e["errorCode"]!));
        JsonNode made = Assert.Single(await EventsAsync(server.Admin), e => (string)e["action"]! == "accounts.create");
        Assert.Contains((string)account["account"]!["accountId"]!, made["details"]!["created"]!.AsArray().Select(id => (string)id!));
        Assert.All([.. events, made], e => Assert.Equal(
            ("operator/" + Environment.MachineName, Environment.UserName, null),
            ((string)e["actor"]!, (string)e["actorName"]!, (string?)e["sourceAddress"])));
    }

    [Fact]
    public async Task Before_the_first_start_they_make_what_the_server_then_takes()
    {
        string data = _directory["data"];
        JsonObject key = await JsonAsync(["access-key", "create", "--user", "s3", "--role", "operator", "--data-dir", data]);

        await using TestServer server = await TestServer.StartAsync(kernel: null, options => options with { DataDirectory = data });
        AccessKeyService keys = server.Services.GetRequiredService<AccessKeyService>();
        AccessKeyHolder holder = (await keys.FindAsync((string)key["accessKeyId"]!, TestContext.Current.CancellationToken)).Value!;
        Assert.Equal(("default", "s3", (string)key["secretAccessKey"]!), (holder.AccountName, holder.UserName, holder.Secret));
    }

    [Fact]
    public async Task Given_tokens_are_imported_and_to_import_them_again_changes_nothing()
    {
        string[] where = ["--data-dir", _directory["data"]];
        await File.WriteAllTextAsync(_directory["demo"], new string('d', 40) + "\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_directory["metrics"], new string('m', 40), TestContext.Current.CancellationToken);
        string[] account = ["account", "create", "demo", "--token-file", _directory["demo"], .. where];
        string[] token = ["token", "create", "--user", "metrics", "--role", "viewer", "--token-file", _directory["metrics"], .. where];
        string first = await TextAsync(account), second = await TextAsync(token);

        Assert.Equal((first, second), (await TextAsync(account), await TextAsync(token)));
        Assert.DoesNotContain("dddd", first, StringComparison.Ordinal);
        Assert.DoesNotContain("mmmm", second, StringComparison.Ordinal);

        await using TestServer server = await TestServer.StartAsync(kernel: null, options => options with { DataDirectory = _directory["data"] });
        using HttpClient demo = server.ClientWith(new string('d', 40)), metrics = server.ClientWith(new string('m', 40));
        Assert.Equal(("demo", "admin"), NamesOf(await demo.GetAsync("/v1/me", HttpStatusCode.OK)));
        Assert.Equal(("default", "metrics"), NamesOf(await metrics.GetAsync("/v1/me", HttpStatusCode.OK)));

        static (string, string) NamesOf(JsonObject me) => ((string)me["accountName"]!, (string)me["userName"]!);
    }

    [Fact]
    public async Task A_token_of_somebody_else_or_with_other_rights_is_not_imported()
    {
        string[] where = ["--data-dir", _directory["data"]];
        await File.WriteAllTextAsync(_directory["token"], new string('t', 40), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_directory["short"], "too-short", TestContext.Current.CancellationToken);
        await TextAsync(["token", "create", "--user", "ci", "--role", "viewer", "--token-file", _directory["token"], .. where]);

        await RefusedAsync("is or was another's", "token", "create", "--user", "other", "--role", "viewer", "--token-file", _directory["token"]);
        await RefusedAsync("is or was another's", "account", "create", "team-b", "--token-file", _directory["token"]);
        await RefusedAsync("there is an account default already", "account", "create", "default", "--token-file", _directory["token"]);
        await RefusedAsync("32 to 256 printable", "token", "create", "--user", "ci", "--token-file", _directory["short"]);
        await RefusedAsync("cannot be read", "token", "create", "--user", "ci", "--token-file", _directory["absent"]);

        async Task RefusedAsync(string said, params string[] arguments)
        {
            using var console = new QuietConsole();
            Assert.Equal(ExitCode.Failed, await RunAsync(console, [.. arguments, .. where]));
            Assert.Contains(said, _error.ToString(), StringComparison.Ordinal);
            _error.GetStringBuilder().Clear();
        }
    }

    [Theory]
    [InlineData("account create a/b", ExitCode.Failed, "a name has 1 to 64")]
    [InlineData("account create default", ExitCode.Failed, "there is an account default already")]
    [InlineData("token create --user nobody", ExitCode.Failed, "--role")]
    [InlineData("token create --account nobody", ExitCode.Failed, "no account of that name")]
    [InlineData("token create --role reader", ExitCode.Usage, "viewer, operator and admin")]
    [InlineData("token create --expires soon", ExitCode.Usage, "30d")]
    [InlineData("token create --expires 0d", ExitCode.Usage, "30d")]
    [InlineData("token revoke nonsense", ExitCode.Failed, "token list")]
    [InlineData("access-key create --access-key-id abc --user ci --role viewer", ExitCode.Failed, "its id and its secret")]
    [InlineData("access-key revoke nonsense", ExitCode.Failed, "no such access key")]
    public async Task What_cannot_be_done_is_said(string arguments, int code, string said)
    {
        using var console = new QuietConsole();
        Assert.Equal(code, await RunAsync(console, [.. arguments.Split(' '), "--data-dir", _directory["data"]]));
        Assert.Contains(said, _error.ToString(), StringComparison.Ordinal);
    }

    // Oldest first.
    private static async Task<JsonNode[]> EventsAsync(HttpClient client) =>
        [.. (await client.GetAsync("/v1/events", HttpStatusCode.OK))["events"]!.AsArray().Reverse().Select(e => e!)];

    private async Task<JsonObject> JsonAsync(string[] arguments) => JsonNode.Parse(await TextAsync([.. arguments, "--json"]))!.AsObject();

    private async Task<string> TextAsync(string[] arguments)
    {
        using var console = new QuietConsole();
        Assert.True(await RunAsync(console, arguments) == ExitCode.Ok, _error.ToString());
        return console.Text;
    }

    private Task<int> RunAsync(QuietConsole console, string[] arguments) => CommandLine.RunAsync(arguments, _ => null, console.Console, _error);
}
