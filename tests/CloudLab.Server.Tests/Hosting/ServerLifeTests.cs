using System.Net;
using System.Text.Json.Nodes;
using CloudLab.Server.Hosting;
using CloudLab.Server.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CloudLab.Server.Tests.Hosting;

public sealed class ServerLifeTests
{
    [Fact]
    public async Task Without_an_image_the_server_lives_says_why_it_is_not_ready_and_tries_again_when_asked()
    {
        await using TestServer server = await TestServer.StartAsync(kernel: null);
        await server.Anonymous.GetAsync("/healthz", HttpStatusCode.OK);
        JsonObject readiness = await server.Anonymous.PollAsync("/readyz", answer => (string?)answer["image"] == "unavailable");
        Assert.Contains("guest image", (string)readiness["reason"]!, StringComparison.Ordinal);
        await server.Anonymous.GetAsync("/readyz", HttpStatusCode.ServiceUnavailable);
        JsonObject image = await server.Admin.GetAsync("/v1/images/cloudlab-linux", HttpStatusCode.OK);
        Assert.Equal("unavailable", (string)image["state"]!);
        Assert.Equal((string)readiness["reason"]!, (string)image["stateReason"]!);
        const string Create = """{"imageId":"cloudlab-linux","instanceType":"standard.small"}""";
        JsonObject refusal = await server.Admin.PostAsync("/v1/instances", Create, HttpStatusCode.Conflict);
        Assert.Equal("image-unavailable", (string)refusal["code"]!);

        GuestImages.Write(server.ImageDirectory, EchoGuest.Kernel);
        await server.Admin.PostAsync("/v1/images/cloudlab-linux/build", null, HttpStatusCode.Accepted);

        await server.Anonymous.PollAsync("/readyz", answer => (bool)answer["ready"]!);
        await server.Admin.TerminateAsync(await server.Admin.RunInstanceAsync());
    }

    [Fact]
    public async Task A_stored_image_needs_neither_its_directory_nor_a_build()
    {
        using var data = new TemporaryDirectory();
        GuestImages.Write(data["data/image"], EchoGuest.Kernel);
        ServerOptions options = Options(data) with { GuestImageDirectory = null };
        await WaitForReadinessAsync(options);

        Directory.Delete(data["data/image"], recursive: true);
        await WaitForReadinessAsync(options);

        Assert.False(Directory.Exists(data["data/apt-cache"]));
    }

    [Fact]
    public async Task An_image_whose_files_are_gone_is_stored_again()
    {
        using var data = new TemporaryDirectory();
        GuestImages.Write(data["image"], EchoGuest.Kernel);
        ServerOptions options = Options(data);
        await WaitForReadinessAsync(options);
        Directory.Delete(data["data/blobs"], recursive: true);

        await using ServerRunner server = await StartAsync(options);
        using HttpClient client = ClientOf(server, server.Token.Secret);
        await client.PollAsync("/readyz", answer => (bool)answer["ready"]!);

        await client.WaitForConsoleAsync(await client.RunInstanceAsync(), "OK\n");
        await server.App.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_deleted_token_file_means_a_new_token_and_the_old_one_ends()
    {
        using var data = new TemporaryDirectory();
        ServerOptions options = Options(data);
        string first = await TokenOfAStartAsync(options);
        Assert.Equal(first, await TokenOfAStartAsync(options));

        File.Delete(data["data/admin.token"]);
        string second = await TokenOfAStartAsync(options, refused: first);

        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task The_administrators_token_can_be_the_operators()
    {
        using var data = new TemporaryDirectory();
        string secret = new('s', 40);
        await File.WriteAllTextAsync(data["secret"], secret + "\n", TestContext.Current.CancellationToken);

        Assert.Equal(secret, await TokenOfAStartAsync(Options(data) with { AdminTokenFile = data["secret"] }));
        Assert.False(File.Exists(data["data/admin.token"]));
    }

    [Fact]
    public async Task Instances_that_should_run_come_back_with_the_server_and_say_why()
    {
        using var data = new TemporaryDirectory();
        ServerOptions options = Options(data);
        GuestImages.Write(data["image"], EchoGuest.Kernel);
        string id;
        await using (ServerRunner server = await StartAsync(options))
        {
            using HttpClient client = ClientOf(server, server.Token.Secret);
            await client.PollAsync("/readyz", answer => (bool)answer["ready"]!);
            id = await client.RunInstanceAsync();
            await server.App.StopAsync(TestContext.Current.CancellationToken);
        }

        await using (ServerRunner server = await StartAsync(options))
        {
            using HttpClient client = ClientOf(server, server.Token.Secret);
            JsonObject instance = await client.PollAsync(
                $"/v1/instances/{id}", i => (string?)i["state"] == "running" && i["stateReason"] is not null);
            Assert.Equal("Server.HostRestarted", (string)instance["stateReason"]!["code"]!);
            await client.WaitForConsoleAsync(id, "OK\n");
            await server.App.StopAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_taken_address_is_a_message_that_helps_and_leaves_the_data_free()
    {
        using var data = new TemporaryDirectory();
        await using TestServer other = await TestServer.StartAsync(kernel: null);
        string url = other.Url.GetLeftPart(UriPartial.Authority);
        ServerOptions options = Options(data) with { Addresses = [new ListenAddress(url, IsHttps: false, IsLoopback: true)] };

        StartupException refusal = await Assert.ThrowsAsync<StartupException>(() => StartAsync(options));

        Assert.Contains("--urls", refusal.Message, StringComparison.Ordinal);
        DataDirectory.Open(options.DataDirectory).Dispose();
    }

    [Fact]
    public async Task A_database_that_does_not_answer_is_a_message_that_helps()
    {
        using var data = new TemporaryDirectory();
        ServerOptions options = Options(data) with { PostgresConnectionString = "Host=127.0.0.1;Port=1;Username=nobody;Timeout=5" };

        StartupException refusal = await Assert.ThrowsAsync<StartupException>(() => StartAsync(options));

        Assert.Contains("--database", refusal.Message, StringComparison.Ordinal);
    }

    private static ServerOptions Options(TemporaryDirectory data)
    {
        Directory.CreateDirectory(data["image"]);
        return new ServerOptions
        {
            DataDirectory = data["data"],
            GuestImageDirectory = data["image"],
            Addresses = [new ListenAddress("http://127.0.0.1:0", IsHttps: false, IsLoopback: true)],
        };
    }

    private static async Task<ServerRunner> StartAsync(ServerOptions options)
    {
        using var console = new QuietConsole();
        return await ServerRunner.StartAsync(
            options, console.Console, services => services.AddLogging(logging => logging.ClearProviders()), TestContext.Current.CancellationToken);
    }

    private static async Task WaitForReadinessAsync(ServerOptions options)
    {
        await using ServerRunner server = await StartAsync(options);
        using HttpClient client = ClientOf(server, server.Token.Secret);
        await client.PollAsync("/readyz", answer => (bool)answer["ready"]!);
        await server.App.StopAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<string> TokenOfAStartAsync(ServerOptions options, string? refused = null)
    {
        await using ServerRunner server = await StartAsync(options);
        using HttpClient client = ClientOf(server, server.Token.Secret);
        await client.GetAsync("/v1/instances", HttpStatusCode.OK);
        if (refused is not null)
        {
            using HttpClient old = ClientOf(server, refused);
            await old.GetAsync("/v1/instances", HttpStatusCode.Unauthorized);
        }

        await server.App.StopAsync(TestContext.Current.CancellationToken);
        return server.Token.Secret;
    }

    private static HttpClient ClientOf(ServerRunner server, string token)
    {
        var client = new HttpClient { BaseAddress = new Uri(server.App.Urls.Single()) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }
}
