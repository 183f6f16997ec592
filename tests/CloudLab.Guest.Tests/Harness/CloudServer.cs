using CloudLab.Server.Hosting;
using CloudLab.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace CloudLab.Guest.Tests.Harness;

/// <summary>A whole server in this process, on a free loopback port, that can be ended and started again on its data.</summary>
internal sealed class CloudServer : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly string? _postgres;
    private readonly Action<IServiceCollection>? _configure;
    private ServerRunner? _runner;
    private CloudClient? _client;

    private CloudServer(string? postgres, Action<IServiceCollection>? configure)
    {
        _postgres = postgres;
        _configure = configure;
    }

    /// <summary>With the administrator's token.</summary>
    public CloudClient Client => _client!;

    /// <summary>Imports the image as <c>images import</c> does, and starts.</summary>
    /// <param name="image">The image.</param>
    /// <param name="postgres">The database's connection string, or null for SQLite.</param>
    /// <param name="configure">Changes services.</param>
    public static async Task<CloudServer> StartAsync(
        BootImage image, string? postgres = null, Action<IServiceCollection>? configure = null)
    {
        var server = new CloudServer(postgres, configure);
        try
        {
            await image.ImportAsync(server._directory.Path);
            await server.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Shuts down in good order.</summary>
    public async Task StopAsync()
    {
        if (_runner is not { } runner) return;
        _runner = null;
        _client?.Dispose();
        await runner.App.StopAsync(TestContext.Current.CancellationToken);
        await runner.DisposeAsync();
    }

    /// <summary>Starts on the data directory as it is.</summary>
    public async Task StartAsync()
    {
        var options = new ServerOptions
        {
            DataDirectory = _directory.Path,
            Addresses = [new ListenAddress("http://127.0.0.1:0", IsHttps: false, IsLoopback: true)],
            PostgresConnectionString = _postgres,
        };
        IAnsiConsole silent = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(TextWriter.Null) });
        _runner = await ServerRunner.StartAsync(options, silent, Configure, TestContext.Current.CancellationToken);
        _client = new CloudClient(new Uri(_runner.App.Urls.Single()), _runner.Token.Secret);
        await _client.ReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _directory.Dispose();
    }

    private void Configure(IServiceCollection services)
    {
        services.AddLogging(logging => logging.ClearProviders());
        _configure?.Invoke(services);
    }
}
