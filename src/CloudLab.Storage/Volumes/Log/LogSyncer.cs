namespace CloudLab.Storage.Volumes.Log;

/// <summary>Makes the log durable, one sync for all who wait at the time (group commit).</summary>
/// <remarks>After a sync that failed nobody knows what is durable: from then on every sync fails.</remarks>
internal sealed class LogSyncer(LocalLog log) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private bool _failed;

    /// <summary>How often the disk was synced.</summary>
    public long Syncs { get; private set; }

    /// <summary>Completes when everything before <paramref name="position"/> survives power loss.</summary>
    /// <exception cref="IOException">It may not.</exception>
    public async Task ReachAsync(ulong position)
    {
        if (IsReached(position))
            return;
        await _turn.WaitAsync();
        try
        {
            // Whoever had the turn before has mostly done it.
            if (!IsReached(position))
                await Task.Run(Sync);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private bool IsReached(ulong position) => !_failed && (log.Synced >= position || log.Released >= position);

    private void Sync()
    {
        if (_failed)
            throw new IOException("An earlier sync of the log failed.");
        var (segments, position) = log.Unsynced();
        try
        {
            foreach (var segment in segments)
                segment.Sync();
            log.SyncDirectory();
            log.MarkSynced(segments, position);
            Syncs++;
        }
        catch
        {
            _failed = true;
            throw;
        }
        finally
        {
            foreach (var segment in segments)
                segment.Release();
        }
    }
}
