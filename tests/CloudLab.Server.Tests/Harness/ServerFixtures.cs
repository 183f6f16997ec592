using CloudLab.Testing;

[assembly: AssemblyFixture(typeof(SharedPostgres))]

namespace CloudLab.Server.Tests.Harness;

/// <summary>A server for all tests of a class. Its built-in image is <see cref="EchoGuest"/>.</summary>
public abstract class ServerFixture : IAsyncLifetime
{
    private TestServer? _server;

    internal TestServer Server => _server!;

    public async ValueTask InitializeAsync()
    {
        string? postgres = await PostgresAsync();
        _server = await TestServer.StartAsync(EchoGuest.Kernel, options => options with { PostgresConnectionString = postgres });
        await Server.Anonymous.PollAsync("/readyz", answer => (bool)answer["ready"]!);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_server is not null) await _server.DisposeAsync();
    }

    protected abstract Task<string?> PostgresAsync();
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteServerFixture : ServerFixture
{
    protected override Task<string?> PostgresAsync() => Task.FromResult<string?>(null);
}

/// <summary>On a new PostgreSQL database.</summary>
public sealed class PostgresServerFixture(SharedPostgres postgres) : ServerFixture
{
    protected override async Task<string?> PostgresAsync() => await postgres.CreateDatabaseAsync(TestContext.Current.CancellationToken);
}
