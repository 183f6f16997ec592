using Microsoft.EntityFrameworkCore.Storage;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>A write transaction, and on SQLite the turn to write. Disposing it without a commit undoes the write.</summary>
public sealed class WriteScope : IAsyncDisposable
{
    private readonly IDbContextTransaction _transaction;
    private readonly SemaphoreSlim? _gate;

    internal WriteScope(IDbContextTransaction transaction, SemaphoreSlim? gate)
    {
        _transaction = transaction;
        _gate = gate;
    }

    /// <summary>Makes the write durable. It cannot be cancelled: half-way there is no answer to give.</summary>
    public Task CommitAsync() => _transaction.CommitAsync(CancellationToken.None);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _transaction.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate?.Release();
        }
    }
}
