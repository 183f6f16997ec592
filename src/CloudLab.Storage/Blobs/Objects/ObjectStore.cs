namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Buckets of versioned objects in one directory: the engine under the S3 protocol.</summary>
/// <remarks>
/// All methods may be called from any thread, concurrently. A write is acknowledged when it survives power loss. Reads of the
/// index are synchronous: they take microseconds, at most a read of the local disk, and see only what is durable. Expected
/// failures are values; what a body's stream throws passes through, and leaves nothing.
/// </remarks>
public sealed partial class ObjectStore : IAsyncDisposable
{
    private ObjectStore()
    {
    }

    /// <summary>Opens the store, creating it where it is missing.</summary>
    /// <exception cref="IOException">Somebody else has the store open, the directory is not usable, or its format is unknown.</exception>
    public static ObjectStore Open(ObjectStoreOptions options, TimeProvider time) => throw new NotSupportedException();

    /// <summary>Whether the store takes writes, and what its scrub has found.</summary>
    public StoreStatus Status => throw new NotSupportedException();

    /// <summary>What is known to be damaged, at most <paramref name="max"/>.</summary>
    public IReadOnlyList<DamagedObject> ListDamaged(int max = 1000) => throw new NotSupportedException();

    /// <summary>Finishes what has begun to commit and gives the directory free. Readers have to be disposed before.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
