namespace CloudLab.Testing;

/// <summary>One <see cref="PostgresServer"/> for all tests of an assembly, started by the first that asks.</summary>
/// <remarks>
/// For xunit: <c>[assembly: AssemblyFixture(typeof(SharedPostgres))]</c>, and a constructor parameter of this type in each test
/// class that needs it. A run that is filtered to other tests never starts a server.
/// </remarks>
public sealed class SharedPostgres : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private PostgresServer? _server;

    /// <summary>The server. A failed start is tried again by the next caller, and fails for it likewise.</summary>
    public async Task<PostgresServer> GetAsync(CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _server ??= await PostgresServer.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Makes an empty database and returns its connection string.</summary>
    public async Task<string> CreateDatabaseAsync(CancellationToken cancellationToken = default)
    {
        var server = await GetAsync(cancellationToken).ConfigureAwait(false);
        return await server.CreateDatabaseAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync().ConfigureAwait(false);
        _gate.Dispose();
    }
}
