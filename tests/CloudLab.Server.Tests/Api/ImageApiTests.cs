using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Tests.Harness;
using CloudLab.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Server.Tests.Api;

/// <summary>Kernels of accounts over REST: registered, uploaded, run, shared and withdrawn.</summary>
public abstract class ImageApiTests(ServerFixture fixture)
{
    private const string BareMetal = """{"name":"suite","architecture":"riscv64","startMode":"M","commandLine":""}""";

    private HttpClient Client => fixture.Server.Admin;

    [Theory]
    [InlineData(0, "Client.InstanceInitiatedShutdown", "exit code 0")]
    [InlineData(7, "Client.GuestFailure", "exit code 7")]
    public async Task A_bare_metal_program_ends_with_its_exit_code_as_the_reason(int code, string reason, string words)
    {
        string image = await RegisterAsync(BareMetal);
        byte[] kernel = SpeakingGuest.Kernel(code);
        JsonObject upload = await (await UploadAsync(image, "kernel", kernel)).ReadAsync(HttpStatusCode.OK);
        Assert.Equal(kernel.Length, (long)upload["bytes"]!);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(kernel)), (string)upload["sha256"]!);
        Assert.Equal("available", (string)upload["state"]!);

        string id = await CreateAsync(image);
        JsonObject stopped = await Client.WaitForStateAsync(id, "stopped");
        Assert.Equal(reason, (string)stopped["stateReason"]!["code"]!);
        Assert.EndsWith(words, (string)stopped["stateReason"]!["message"]!, StringComparison.Ordinal);
        byte[] console = await Client.GetByteArrayAsync(new Uri($"/v1/instances/{id}/console", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(SpeakingGuest.Output, console);
        await Client.TerminateAsync(id);
    }

    [Fact]
    public async Task A_suite_of_kernels_runs_one_after_the_other_and_leaves_nothing_in_the_way()
    {
        for (int code = 1; code <= 12; code++)
        {
            string image = await RegisterAsync(BareMetal);
            await (await UploadAsync(image, "kernel", SpeakingGuest.Kernel(code))).ReadAsync(HttpStatusCode.OK);
            string id = await CreateAsync(image);
            JsonObject stopped = await Client.WaitForStateAsync(id, "stopped");
            Assert.EndsWith($"exit code {code}", (string)stopped["stateReason"]!["message"]!, StringComparison.Ordinal);
            await Client.TerminateAsync(id);
            using HttpResponseMessage gone = await Client.DeleteAsync(Path($"/v1/images/{image}"), TestContext.Current.CancellationToken);
            Assert.Equal("deregistered", (string)(await gone.ReadAsync(HttpStatusCode.OK))["state"]!);
        }

        Assert.DoesNotContain(
            (await Client.GetAsync("/v1/images?owner=self&name=suite", HttpStatusCode.OK))["images"]!.AsArray(), i => (string)i!["state"]! == "deregistered");
    }

    [Fact]
    public async Task A_registered_image_shows_what_was_asked_for_and_its_defaults()
    {
        JsonObject made = await Client.PostAsync("/v1/images", """{"name":"plain","tags":{"course":"os"}}""", HttpStatusCode.Created);
        Assert.Equal(("riscv64", "S", ""), ((string)made["architecture"]!, (string)made["startMode"]!, (string)made["commandLine"]!));
        Assert.Equal(("pending", "os"), ((string)made["state"]!, (string)made["tags"]!["course"]!));
        Assert.False((bool)made["builtIn"]!);
        Assert.NotNull(made["ownerId"]);
        JsonObject read = await Client.GetAsync($"/v1/images/{made["imageId"]}", HttpStatusCode.OK);
        Assert.Equal(made.ToJsonString(), read.ToJsonString());
    }

    [Theory]
    [InlineData("""{"name":"x","startMode":"U"}""", "invalid-request")]
    [InlineData("""{"name":"x","architecture":"x86"}""", "invalid-request")]
    [InlineData("""{"name":""}""", "invalid-parameter")]
    [InlineData("""{"startMode":"M"}""", "invalid-request")]
    [InlineData("""{"name":"x","kernel":"y"}""", "invalid-request")]
    public async Task A_request_that_breaks_the_rules_is_refused(string json, string code)
    {
        using HttpResponseMessage response = await Client.PostAsync(Path("/v1/images"), Http.Json(json), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(code, await response.ReadProblemAsync());
    }

    [Theory]
    [InlineData("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==", "checksum-mismatch")]
    [InlineData("x-checksum-sha256", "0000000000000000000000000000000000000000000000000000000000000000", "checksum-mismatch")]
    [InlineData("Content-Digest", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:", "checksum-mismatch")]
    [InlineData("Content-MD5", "nonsense", "invalid-parameter")]
    [InlineData("x-checksum-sha256", "00", "invalid-parameter")]
    [InlineData("Content-Digest", "sha-256=AAAA", "invalid-parameter")]
    [InlineData("Content-Encoding", "gzip", "invalid-parameter")]
    [InlineData("Content-Range", "bytes 0-1/4", "invalid-parameter")]
    public async Task An_upload_that_is_not_as_its_headers_say_leaves_nothing(string header, string value, string code)
    {
        string image = await RegisterAsync(BareMetal);
        int before = (await BlobsAsync()).Count;
        using HttpResponseMessage response = await UploadAsync(image, "kernel", [1, 2, 3, 4], (header, value));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(code, await response.ReadProblemAsync());
        Assert.Equal(before, (await BlobsAsync()).Count);
        Assert.Equal("pending", (string)(await Client.GetAsync($"/v1/images/{image}", HttpStatusCode.OK))["state"]!);
    }

    [Fact]
    public async Task Every_form_of_checksum_is_taken()
    {
        string image = await RegisterAsync(BareMetal);
        byte[] content = [1, 2, 3, 4];
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        md5.AppendData(content);
        byte[] sha256 = SHA256.HashData(content);
        using HttpResponseMessage response = await UploadAsync(
            image, "firmware", content,
            ("Content-MD5", Convert.ToBase64String(md5.GetHashAndReset())), ("x-checksum-sha256", Convert.ToHexString(sha256)),
            ("Content-Digest", $"unknown=:AAAA:, sha-256=:{Convert.ToBase64String(sha256)}:"));
        Assert.Equal("available", (string)(await response.ReadAsync(HttpStatusCode.OK))["state"]!);
    }

    [Fact]
    public async Task An_upload_that_is_cut_off_or_too_long_leaves_nothing()
    {
        string image = await RegisterAsync(BareMetal);
        int before = (await BlobsAsync()).Count;
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(fixture.Server.Url.Host, fixture.Server.Url.Port, TestContext.Current.CancellationToken);
            string head = $"PUT /v1/images/{image}/kernel HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {fixture.Server.Runner.Token.Secret}\r\nContent-Length: 100000\r\n\r\n";
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head + new string('x', 50_000)), TestContext.Current.CancellationToken);
        }

        using (var client = new TcpClient())
        {
            await client.ConnectAsync(fixture.Server.Url.Host, fixture.Server.Url.Port, TestContext.Current.CancellationToken);
            string head = $"PUT /v1/images/{image}/kernel HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {fixture.Server.Runner.Token.Secret}\r\nContent-Length: {(512L << 20) + 1}\r\n\r\n";
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), TestContext.Current.CancellationToken);
            using var reader = new StreamReader(client.GetStream());
            Assert.Contains("413", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        Assert.Equal(before, (await BlobsAsync()).Count);
        Assert.Null((await Client.GetAsync($"/v1/images/{image}", HttpStatusCode.OK))["kernel"]);
    }

    [Fact]
    public async Task Built_in_images_and_those_of_others_are_not_changed()
    {
        using HttpResponseMessage response = await UploadAsync("cloudlab-linux", "kernel", [1]);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("image-not-owned", await response.ReadProblemAsync());

        (AccountId account, HttpClient other) = await fixture.Server.AccountAsync();
        string image = await RegisterAsync(BareMetal);
        await (await UploadAsync(image, "kernel", SpeakingGuest.Kernel(0))).ReadAsync(HttpStatusCode.OK);
        Assert.Equal("image-not-found", await (await other.GetAsync(Path($"/v1/images/{image}"), TestContext.Current.CancellationToken)).ReadProblemAsync());
        using HttpResponseMessage shared = await Client.PutAsync(
            Path($"/v1/images/{image}/permissions"), Http.Json($$"""{"accounts":["{{account}}"]}"""), TestContext.Current.CancellationToken);
        Assert.Equal(account.Value, (string)(await shared.ReadAsync(HttpStatusCode.OK))["permissions"]!["accounts"]![0]!);
        JsonObject seen = await other.GetAsync($"/v1/images/{image}", HttpStatusCode.OK);
        Assert.Null(seen["permissions"]);
        Assert.Equal("image-not-owned", await (await other.DeleteAsync(Path($"/v1/images/{image}"), TestContext.Current.CancellationToken)).ReadProblemAsync());

        JsonObject copy = await other.PostAsync($"/v1/images/{image}/copy", """{"name":"mine"}""", HttpStatusCode.Created);
        Assert.Equal(("available", "mine"), ((string)copy["state"]!, (string)copy["name"]!));
        await (await Client.DeleteAsync(Path($"/v1/images/{image}"), TestContext.Current.CancellationToken)).ReadAsync(HttpStatusCode.OK);
        JsonArray list = (await other.GetAsync("/v1/images?owner=self", HttpStatusCode.OK))["images"]!.AsArray();
        Assert.Equal((string)copy["imageId"]!, (string)Assert.Single(list)!["imageId"]!);
        other.Dispose();
    }

    [Fact]
    public async Task Pages_of_images_follow_each_other_by_name()
    {
        (_, HttpClient client) = await fixture.Server.AccountAsync();
        foreach (string name in (string[])["b", "a", "b"])
            await client.PostAsync("/v1/images", $$"""{"name":"{{name}}"}""", HttpStatusCode.Created);
        List<string> names = [];
        string? next = "";
        while (next is not null)
        {
            JsonObject page = await client.GetAsync("/v1/images?owner=self&limit=1" + (next.Length > 0 ? "&nextToken=" + next : ""), HttpStatusCode.OK);
            names.AddRange(page["images"]!.AsArray().Select(i => (string)i!["name"]!));
            next = (string?)page["nextToken"];
        }

        Assert.Equal(["a", "b", "b"], names);
        client.Dispose();
    }

    private async Task<string> RegisterAsync(string json) =>
        (string)(await Client.PostAsync("/v1/images", json, HttpStatusCode.Created))["imageId"]!;

    private async Task<string> CreateAsync(string image)
    {
        JsonObject created = await Client.PostAsync(
            "/v1/instances", $$"""{"imageId":"{{image}}","instanceType":"standard.small","count":1}""", HttpStatusCode.Accepted);
        return (string)created["instances"]![0]!["instanceId"]!;
    }

    private async Task<HttpResponseMessage> UploadAsync(string image, string part, byte[] content, params (string Name, string Value)[] headers)
    {
        using var body = new ByteArrayContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var request = new HttpRequestMessage(HttpMethod.Put, Path($"/v1/images/{image}/{part}")) { Content = body };
        foreach ((string name, string value) in headers)
            if (!request.Headers.TryAddWithoutValidation(name, value))
                body.Headers.TryAddWithoutValidation(name, value);
        return await Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private async Task<List<string>> BlobsAsync()
    {
        List<string> names = [];
        await foreach (BlobInfo blob in fixture.Server.Services.GetRequiredService<IBlobStore>()
            .ListAsync("images/", null, TestContext.Current.CancellationToken))
            names.Add(blob.Name);
        return names;
    }

    private static Uri Path(string path) => new(path, UriKind.Relative);
}

public sealed class ImageApiOnSqliteTests(SqliteServerFixture fixture) : ImageApiTests(fixture), IClassFixture<SqliteServerFixture>;

public sealed class ImageApiOnPostgresTests(PostgresServerFixture fixture) : ImageApiTests(fixture), IClassFixture<PostgresServerFixture>;
