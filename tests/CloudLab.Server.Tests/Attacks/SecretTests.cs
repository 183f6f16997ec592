using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CloudLab.Server.Hosting;
using CloudLab.Server.Tests.Fuzzing;
using CloudLab.Server.Tests.Harness;
using CloudLab.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CloudLab.Server.Tests.Attacks;

/// <summary>Secrets go where they belong, and nowhere else: not into a log at its most talkative, an error, the metrics or the document.</summary>
public sealed class SecretTests(SharedPostgres postgres) : IDisposable
{
    private const string UserData = "canary-user-data-2b1f6d";
    private const string Password = "canary-password-93ac51";

    // Nobody's token, but whoever mistypes one should not find it in a log.
    private const string Mistyped = "clt_canary-mistyped-token-70ab34";

    private readonly SecretWatch _watch = new();

    [Fact]
    public async Task No_secret_is_logged_or_told_on_SQLite()
    {
        await using TestServer server = await StartAsync(null);
        await UseSecretsAsync(server);
    }

    [Fact]
    public async Task No_secret_is_logged_or_told_on_PostgreSQL()
    {
        // The test's database trusts everyone on this machine: it takes any password.
        string connection = await postgres.CreateDatabaseAsync(TestContext.Current.CancellationToken);
        var builder = new System.Data.Common.DbConnectionStringBuilder { ConnectionString = connection };
        if (!builder.ContainsKey("Password")) builder["Password"] = Password;
        _watch.Add("the database's password", (string)builder["Password"]);
        await using TestServer server = await StartAsync(builder.ConnectionString);
        await UseSecretsAsync(server);
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_reported_without_its_password()
    {
        StartupException refused = await Assert.ThrowsAsync<StartupException>(
            () => StartAsync($"Host=127.0.0.1;Port=1;Username=canary;Password={Password};Timeout=1"));

        Assert.DoesNotContain(Password, refused.Message, StringComparison.Ordinal);
        Assert.Empty(_watch.Leaks);
    }

    public void Dispose() => _watch.Dispose();

    private Task<TestServer> StartAsync(string? connectionString)
    {
        _watch.Add("a password", Password);
        _watch.Add("user-data", UserData);
        _watch.Add("user-data in base64", Convert.ToBase64String(Encoding.UTF8.GetBytes(UserData)));
        _watch.Add("a mistyped token", Mistyped);
        return TestServer.StartAsync(
            EchoGuest.Kernel,
            options => options with { PostgresConnectionString = connectionString, LogLevel = LogLevel.Trace },
            services => services.AddLogging(logging => logging.AddProvider(_watch)));
    }

    private async Task UseSecretsAsync(TestServer server)
    {
        _watch.Add("the administrator's token", server.Runner.Token.Secret);
        await server.Anonymous.PollAsync("/readyz", answer => (bool)answer["ready"]!);
        string token = await MakeAsync(server, "/v1/tokens", """{"name":"canary"}""", "token");
        await MakeAsync(server, "/v1/access-keys", "{}", "secretAccessKey");
        await MakeAsync(server, "/v1/webhooks", """{"url":"https://hook.invalid/x"}""", "secret");
        await MakeAsync(server, "/v1/admin/accounts", """{"name":"canary"}""", "token");
        string data = Convert.ToBase64String(Encoding.UTF8.GetBytes(UserData));
        JsonObject created = await server.Admin.PostAsync(
            "/v1/instances", $$"""{"imageId":"cloudlab-linux","instanceType":"standard.small","userData":"{{data}}"}""", HttpStatusCode.Accepted);
        string id = (string)created["instances"]![0]!["instanceId"]!;
        await MakeAsync(server, $"/v1/instances/{id}/console/ticket", null, "ticket");

        // Each operation, with a right token and with wrong ones.
        ApiDocument document = await ApiDocument.LoadAsync(server);
        var maker = new RequestMaker(document);
        var asked = new HashSet<string>();
        for (int number = 0; asked.Count < document.Operations.Count; number++)
        {
            FuzzRequest request = maker.Make(number);
            // A backup is a secret itself.
            if (!asked.Add(request.Operation.Id) || request.Operation.Id is "CreateBackup" or "BuildImage") continue;
            await AskAsync(server, request.Resolve((_, _) => id), token);
            await AskAsync(server, request, Mistyped);
        }

        await MisplaceAsync(server, id, token);
        Assert.Null(_watch.Find(await server.Admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken)));
        Assert.Null(_watch.Find(await server.Admin.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken)));
        Assert.Null(_watch.Find(await server.Admin.GetStringAsync(new Uri("/v1/events?limit=1000", UriKind.Relative), TestContext.Current.CancellationToken)));
        Assert.Empty(_watch.Leaks);
        Assert.NotEqual(0, _watch.Lines);
    }

    /// <summary>Secrets where they do not belong: the answer refuses without repeating them.</summary>
    private async Task MisplaceAsync(TestServer server, string id, string token)
    {
        string data = Convert.ToBase64String(Encoding.UTF8.GetBytes(UserData));
        await RefuseAsync(server, "/v1/instances", $$"""{"imageId":"cloudlab-linux","instanceType":"standard.small","userData":"{{UserData}}"}""");
        await RefuseAsync(server, "/v1/instances", $$"""{"imageId":"none","instanceType":"standard.small","userData":"{{data}}"}""");
        await RefuseAsync(server, "/v1/instances", $$"""{"imageId":"cloudlab-linux","instanceType":"standard.small","userData":["{{data}}"]}""");
        await RefuseAsync(server, "/v1/webhooks", $$"""{"url":"https://user:{{Password}}@hook.invalid/"}""");
        await RefuseAsync(server, "/v1/webhooks", $$"""{"url":"ftp://user:{{Password}}@hook.invalid/"}""");
        Assert.Equal(401, await ConsoleClient.RefusalAsync(ConsoleClient.UrlOf(server, id, "ticket=" + token), token: null));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/v1/me", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", "Basic " + token);
        using HttpResponseMessage response = await server.Anonymous.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Null(_watch.Find(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }

    private async Task RefuseAsync(TestServer server, string path, string body)
    {
        using StringContent content = Http.Json(body);
        using HttpResponseMessage response = await server.Admin.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.InRange((int)response.StatusCode, 400, 499);
        Assert.True(_watch.Find(text) is null, text);
    }

    private async Task<string> MakeAsync(TestServer server, string path, string? body, string member)
    {
        using StringContent? content = body is null ? null : Http.Json(body);
        using HttpResponseMessage response = await server.Admin.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        string secret = (string)(await response.ReadAsync(response.StatusCode))[member]!;
        Assert.NotEmpty(secret);
        _watch.Add($"the {member} of {path}", secret);
        return secret;
    }

    private async Task AskAsync(TestServer server, FuzzRequest request, string token)
    {
        using RawConnection connection = await RawConnection.OpenAsync(server.Url);
        await connection.SendAsync(request.ToBytes(server.Url.Authority, token));
        connection.EndSending();
        bool isStream = request.Operation.Path.EndsWith("/stream", StringComparison.Ordinal);
        RawResponse? answer = await connection.ReadAsync(headersOnly: isStream);
        // User-data is shown to who may read it: that is what it is for.
        bool isOwn = request.Operation.Id == "GetInstanceUserData" && answer?.Status == 200;
        Assert.True(isOwn || answer is null || _watch.Find(answer.Text) is null, $"{request.ToCurl(server.Url)}\n{answer?.Text}");
    }
}
