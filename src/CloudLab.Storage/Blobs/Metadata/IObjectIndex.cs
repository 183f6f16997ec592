namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>An ordered, durable map of bytes: the seam under the object store's metadata.</summary>
/// <remarks>
/// Implemented on RocksDB, and in tests in memory, so that the power can be cut between its writes and those of files. Reads are
/// from any thread and see only what is durable; one thread at a time writes. Broken infrastructure throws <see cref="IOException"/>.
/// </remarks>
internal interface IObjectIndex : IDisposable
{
    byte[]? Get(ReadOnlySpan<byte> key);

    /// <summary>Walks the keys that begin with <paramref name="prefix"/>, as they were when it was made.</summary>
    IIndexCursor Walk(ReadOnlySpan<byte> prefix);

    /// <summary>Puts, and with null removes, all or nothing. Durable when it returns; a failure leaves it unknown whether it is.</summary>
    void Write(IReadOnlyCollection<KeyValuePair<byte[], byte[]?>> changes);
}
