using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>Syncs a directory for many at once: who asks while a sync is under way shares the next one.</summary>
internal sealed class DirectorySyncs(IFileLayer files)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Pair> _directories = new(StringComparer.Ordinal);

    /// <summary>Completes when a sync that began after the call has ended.</summary>
    /// <exception cref="SyncFailedException">It failed.</exception>
    public Task SyncAsync(string directory)
    {
        lock (_lock)
        {
            if (!_directories.TryGetValue(directory, out var pair))
            {
                _directories.Add(directory, pair = new Pair());
                pair.Running = Task.Run(() => Sync(directory, pair));
                return pair.Running;
            }

            return pair.Next ??= NextAsync(directory, pair, pair.Running);
        }
    }

    private async Task NextAsync(string directory, Pair pair, Task running)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        lock (_lock)
        {
            // Whoever comes from here on is not covered by this sync.
            (pair.Running, pair.Next) = (pair.Next!, null);
        }

        Sync(directory, pair);
    }

    private void Sync(string directory, Pair pair)
    {
        try
        {
            files.TrySyncDirectory(directory);
        }
        catch (IOException e)
        {
            throw new SyncFailedException(directory, e);
        }
        finally
        {
            lock (_lock)
            {
                if (pair.Next is null)
                    _directories.Remove(directory);
            }
        }
    }

    private sealed class Pair
    {
        public Task Running { get; set; } = Task.CompletedTask;

        public Task? Next { get; set; }
    }
}
