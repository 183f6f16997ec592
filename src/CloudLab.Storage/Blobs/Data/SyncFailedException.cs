namespace CloudLab.Storage.Blobs.Data;

/// <summary>Syncing failed, so nobody knows what is durable: the store takes no more writes.</summary>
internal sealed class SyncFailedException(string path, IOException inner)
    : IOException($"{path} could not be synced: {inner.Message}", inner);
