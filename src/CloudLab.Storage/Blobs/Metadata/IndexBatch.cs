namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>What transactions have changed that are about to be written together.</summary>
internal sealed class IndexBatch(IObjectIndex index)
{
    /// <summary>Keys with their new records; null removes.</summary>
    public Dictionary<byte[], byte[]?> Changes { get; } = new(ByteArrayComparer.Instance);

    public int ByteCount { get; private set; }

    public byte[]? Get(byte[] key) => Changes.TryGetValue(key, out var value) ? value : index.Get(key);

    public IIndexCursor Walk(ReadOnlySpan<byte> prefix) => index.Walk(prefix);

    public void Set(byte[] key, byte[]? value)
    {
        Changes[key] = value;
        ByteCount += key.Length + (value?.Length ?? 0);
    }

    public void Clear()
    {
        Changes.Clear();
        ByteCount = 0;
    }
}
