using CloudLab.Server.Cli;
using CloudLab.Server.Hosting;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly QuietConsole _console = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _directory.Dispose();
        _console.Dispose();
        _error.Dispose();
    }

    [Theory]
    [InlineData("--bogus")]
    [InlineData("bogus")]
    [InlineData("serve --bogus")]
    [InlineData("images")]
    [InlineData("images export")]
    [InlineData("images build --urls http://127.0.0.1:1")]
    [InlineData("healthcheck --url nonsense")]
    public async Task What_is_not_known_is_refused(string arguments)
    {
        Assert.Equal(ExitCode.Usage, await RunAsync(arguments.Split(' ')));
        Assert.Contains("--help", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("serve")]
    public async Task A_wrong_setting_is_refused_before_anything_is_made(params string[] verb)
    {
        string data = _directory["data"];

        Assert.Equal(ExitCode.Usage, await RunAsync([.. verb, "--data-dir", data, "--urls", "http://0.0.0.0:1"]));

        Assert.Contains("--insecure-http", _error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task The_help_shows_every_setting_and_examples()
    {
        Assert.Equal(ExitCode.Ok, await RunAsync("--help"));

        Assert.All(Setting.All, setting => Assert.Contains("--" + setting.Name, _console.Text, StringComparison.Ordinal));
        Assert.Contains("Examples:", _console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_told()
    {
        Assert.Equal(ExitCode.Ok, await RunAsync("--version"));
        Assert.Matches(@"^\d+\.\d+\.\d+", _console.Text);
    }

    [Fact]
    public async Task A_health_check_tells_a_live_server_from_none()
    {
        string url;
        await using (TestServer server = await TestServer.StartAsync(kernel: null))
        {
            url = server.Url.ToString();
            Assert.Equal(ExitCode.Ok, await RunAsync("healthcheck", "--url", url));
        }

        Assert.Equal(ExitCode.Failed, await RunAsync("healthcheck", "--url", url));
        Assert.Contains("does not answer", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_travels_from_one_data_directory_to_another()
    {
        GuestImages.Write(Path.Combine(_directory["one"], "image"), EchoGuest.Kernel);

        Assert.Equal(ExitCode.Ok, await RunAsync("images", "export", _directory["image.tar.gz"], "--data-dir", _directory["one"]));
        Assert.Equal(ExitCode.Ok, await RunAsync("images", "import", _directory["image.tar.gz"], "--data-dir", _directory["two"]));
        Assert.Equal(ExitCode.Ok, await RunAsync("images", "list", "--data-dir", _directory["two"]));

        Assert.Contains("cloudlab-linux  riscv64  Linux 0.0.0-test", _console.Text, StringComparison.Ordinal);
        Assert.Equal(EchoGuest.Kernel, await File.ReadAllBytesAsync(_directory["two/image/kernel"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_is_no_archive_is_not_imported()
    {
        await File.WriteAllTextAsync(_directory["nonsense"], "nonsense", TestContext.Current.CancellationToken);

        Assert.Equal(ExitCode.Failed, await RunAsync("images", "import", _directory["nonsense"], "--data-dir", _directory["data"]));
        Assert.Equal(ExitCode.Failed, await RunAsync("images", "list", "--data-dir", _directory["data"]));
    }

    [Fact]
    public async Task The_image_of_a_server_that_runs_is_not_replaced_under_it()
    {
        await using TestServer server = await TestServer.StartAsync(kernel: null);

        Assert.Equal(ExitCode.Failed, await RunAsync("images", "import", _directory["any"], "--data-dir", server.DataDirectory));
        Assert.Contains("in use by process", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_is_migrated_once_and_checked()
    {
        Assert.Equal(ExitCode.Failed, await RunAsync("db", "check", "--data-dir", _directory["data"]));
        Assert.Equal(ExitCode.Ok, await RunAsync("db", "migrate", "--data-dir", _directory["data"]));
        Assert.Equal(ExitCode.Ok, await RunAsync("db", "migrate", "--data-dir", _directory["data"]));
        Assert.Equal(ExitCode.Ok, await RunAsync("db", "check", "--data-dir", _directory["data"]));
    }

    private Task<int> RunAsync(params string[] arguments) => CommandLine.RunAsync(arguments, _ => null, _console.Console, _error);
}
