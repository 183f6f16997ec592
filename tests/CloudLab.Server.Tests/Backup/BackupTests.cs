using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Cli;
using CloudLab.Server.Hosting;
using CloudLab.Server.Tests.Harness;
using CloudLab.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CloudLab.Server.Tests.Backup;

public sealed class BackupTests(SharedPostgres postgres) : IDisposable
{
    private const string Tagged =
        """{"imageId":"cloudlab-linux","instanceType":"standard.small","clientToken":"once","tags":{"Name":"kept","ünïcode":"värde, \"quoted\""}}""";

    private readonly TemporaryDirectory _directory = new();
    private readonly QuietConsole _console = new();
    private readonly StringWriter _error = new();

    private string Archive => _directory["backup.tar"];

    public void Dispose()
    {
        _directory.Dispose();
        _console.Dispose();
        _error.Dispose();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_server_that_runs_is_backed_up_and_comes_back_on_either_database(bool fromPostgres, bool toPostgres)
    {
        string? from = fromPostgres ? await postgres.CreateDatabaseAsync(TestContext.Current.CancellationToken) : null;
        JsonObject before;
        await using (TestServer server = await TestServer.StartAsync(EchoGuest.Kernel, options => options with { PostgresConnectionString = from }))
        {
            await server.Anonymous.PollAsync("/readyz", answer => (bool)answer["ready"]!);
            JsonObject created = await server.Admin.PostAsync("/v1/instances", Tagged, HttpStatusCode.Accepted);
            string id = (string)created["instances"]![0]!["instanceId"]!;
            await server.Admin.WaitForStateAsync(id, "running");
            await server.Admin.PostAsync($"/v1/instances/{id}/stop", null, HttpStatusCode.Accepted);
            before = await server.Admin.WaitForStateAsync(id, "stopped");

            await SucceedAsync("backup", Archive, "--data-dir", server.DataDirectory);
        }

        string[] database = toPostgres ? ["--database", await postgres.CreateDatabaseAsync(TestContext.Current.CancellationToken)] : [];
        await SucceedAsync(["restore", Archive, "--data-dir", _directory["restored"], .. database]);

        ServerOptions options = Options("restored") with { PostgresConnectionString = toPostgres ? database[1] : null };
        await using ServerRunner restored = await StartAsync(options);
        using HttpClient client = ClientOf(restored);
        JsonObject after = await client.GetAsync($"/v1/instances/{before["instanceId"]}", HttpStatusCode.OK);
        Assert.True(JsonNode.DeepEquals(before, after), $"{before}\n{after}");
        JsonObject repeated = await client.PostAsync("/v1/instances", Tagged, HttpStatusCode.Accepted);
        Assert.Equal((string)before["instanceId"]!, (string)repeated["instances"]![0]!["instanceId"]!);

        await client.PollAsync("/readyz", answer => (bool)answer["ready"]!);
        await client.PostAsync($"/v1/instances/{before["instanceId"]}/start", null, HttpStatusCode.Accepted);
        await client.WaitForConsoleAsync((string)before["instanceId"]!, "OK\n");
        await restored.App.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_data_directory_that_nobody_uses_is_backed_up_as_well()
    {
        await StopAfterStartAsync("data");

        await SucceedAsync("backup", Archive, "--data-dir", _directory["data"]);
        await SucceedAsync("restore", Archive, "--check");
        await SucceedAsync("restore", Archive, "--data-dir", _directory["restored"]);

        Assert.Equal(await TextAsync("data/admin.token"), await TextAsync("restored/admin.token"));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Archive));
        Assert.Empty(Directory.GetFiles(_directory["data"], "*.backup"));
    }

    [Fact]
    public async Task What_has_rows_is_not_restored_over()
    {
        await StopAfterStartAsync("data");
        await SucceedAsync("backup", Archive, "--data-dir", _directory["data"]);

        Assert.Equal(ExitCode.Failed, await RunAsync("restore", Archive, "--data-dir", _directory["data"]));
        Assert.Contains("empty", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task However_an_archive_is_cut_or_changed_it_is_refused()
    {
        await StopAfterStartAsync("data");
        await SucceedAsync("backup", Archive, "--data-dir", _directory["data"]);
        byte[] whole = await File.ReadAllBytesAsync(Archive, TestContext.Current.CancellationToken);
        var random = new Random(20261125);
        string damaged = _directory["damaged.tar"];

        for (int i = 0; i < 60; i++)
        {
            byte[] copy = [.. whole];
            // What pads an entry's content and what follows the end belong to the container, not to the backup.
            if (i % 2 == 0) copy = copy[..random.Next(copy.Length - 2048)];
            else copy[PositionInContent(copy, random)] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(damaged, copy, TestContext.Current.CancellationToken);

            int code = await RunAsync("restore", damaged, "--data-dir", _directory[$"damaged-{i}"]);

            Assert.Equal(ExitCode.Failed, code);
            Assert.False(File.Exists(_directory[$"damaged-{i}/admin.token"]));
        }
    }

    [Fact]
    public async Task Only_an_administrator_makes_backups()
    {
        await using TestServer server = await TestServer.StartAsync(kernel: null);
        using HttpClient client = await server.ClientAsync(Role.Operator);

        using HttpResponseMessage refusal = await client.PostAsync("/v1/admin/backup", null, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, refusal.StatusCode);
    }

    /// <summary>A byte of some row, which compresses nothing and pads nothing.</summary>
    private static int PositionInContent(byte[] archive, Random random)
    {
        while (true)
        {
            int position = random.Next(archive.Length - 2048);
            if (archive[position] is >= (byte)'a' and <= (byte)'z' && archive.AsSpan(position, 64).IndexOf((byte)0) < 0) return position;
        }
    }

    private async Task StopAfterStartAsync(string directory)
    {
        await using ServerRunner server = await StartAsync(Options(directory));
        await server.App.StopAsync(TestContext.Current.CancellationToken);
    }

    private ServerOptions Options(string directory)
    {
        Directory.CreateDirectory(_directory["image"]);
        GuestImages.Write(_directory["image"], EchoGuest.Kernel);
        return new ServerOptions
        {
            DataDirectory = _directory[directory],
            GuestImageDirectory = _directory["image"],
            Addresses = [new ListenAddress("http://127.0.0.1:0", IsHttps: false, IsLoopback: true)],
        };
    }

    private static async Task<ServerRunner> StartAsync(ServerOptions options)
    {
        using var console = new QuietConsole();
        return await ServerRunner.StartAsync(
            options, console.Console, services => services.AddLogging(logging => logging.ClearProviders()), TestContext.Current.CancellationToken);
    }

    private static HttpClient ClientOf(ServerRunner server)
    {
        var client = new HttpClient { BaseAddress = new Uri(server.App.Urls.Single()) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Token.Secret);
        return client;
    }

    private Task<string> TextAsync(string file) => File.ReadAllTextAsync(_directory[file], TestContext.Current.CancellationToken);

    private async Task SucceedAsync(params string[] arguments) => Assert.True(await RunAsync(arguments) == ExitCode.Ok, _error.ToString());

    private Task<int> RunAsync(params string[] arguments) => CommandLine.RunAsync(arguments, _ => null, _console.Console, _error);
}
