using CloudLab.ControlPlane;
using CloudLab.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Guest.Tests.Harness;

/// <summary>A server for all tests of a class, whose clock they move.</summary>
public abstract class ServerFixture(BootImage image) : IAsyncLifetime
{
    private CloudServer? _server;

    internal HeldTime Time { get; } = new();

    internal CloudClient Client => _server!.Client;

    public async ValueTask InitializeAsync() => _server = await CloudServer.StartAsync(image, await PostgresAsync(), Configure);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_server is not null) await _server.DisposeAsync();
    }

    /// <summary>The database's connection string, or null for the embedded one.</summary>
    protected virtual Task<string?> PostgresAsync() => Task.FromResult<string?>(null);

    private void Configure(IServiceCollection services)
    {
        services.AddSingleton<TimeProvider>(Time);
        // A test that lets a minute pass at once must not cost the host its lease.
        services.AddSingleton(new ControlPlaneOptions
        {
            LeaseDuration = TimeSpan.FromDays(1),
            CheckInterval = TimeSpan.FromMilliseconds(200),
        });
    }
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteServer(BootImage image) : ServerFixture(image);

/// <summary>On a new PostgreSQL database.</summary>
public sealed class PostgresServer(BootImage image, SharedPostgres postgres) : ServerFixture(image)
{
    protected override async Task<string?> PostgresAsync() => await postgres.CreateDatabaseAsync(TestContext.Current.CancellationToken);
}
