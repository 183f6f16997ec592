namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>One transaction while the committer applies it: it sees all before it, and nobody sees it before it is durable.</summary>
internal sealed class IndexTransaction(IndexBatch batch, IdSequence ids, TimeProvider time)
{
    private readonly Dictionary<byte[], byte[]?> _changes = new(ByteArrayComparer.Instance);
    private readonly List<Action> _afterCommit = [];

    /// <summary>Now, in whole milliseconds, as records keep it.</summary>
    public DateTimeOffset Now { get; } = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>A number higher than all before.</summary>
    public ulong NextId() => ids.Next();

    public byte[]? Get(byte[] key) => _changes.TryGetValue(key, out var value) ? value : batch.Get(key);

    public void Put(byte[] key, byte[] record) => _changes[key] = record;

    public void Delete(byte[] key) => _changes[key] = null;

    /// <summary>To be done when the transaction is durable, on the committer's thread: it must not block.</summary>
    public void AfterCommit(Action action) => _afterCommit.Add(action);

    /// <summary>The records whose keys begin with <paramref name="prefix"/>, ascending, this transaction's own changes included.</summary>
    public IEnumerable<KeyValuePair<byte[], byte[]>> Scan(byte[] prefix)
    {
        var changed = new SortedDictionary<byte[], byte[]?>(Comparer<byte[]>.Create((x, y) => x.AsSpan().SequenceCompareTo(y)));
        foreach (var (key, value) in batch.Changes.Concat(_changes))
        {
            if (key.AsSpan().StartsWith(prefix))
                changed[key] = value;
        }

        using var cursor = batch.Walk(prefix);
        using var changes = changed.GetEnumerator();
        var hasStored = cursor.Seek(prefix);
        var hasChange = changes.MoveNext();
        while (hasStored || hasChange)
        {
            var order = !hasChange ? -1 : !hasStored ? 1 : cursor.Key.SequenceCompareTo(changes.Current.Key);
            if (order < 0)
            {
                yield return new(cursor.Key.ToArray(), cursor.Value.ToArray());
                hasStored = cursor.Next();
                continue;
            }

            if (changes.Current.Value is { } value)
                yield return new(changes.Current.Key, value);
            if (order == 0)
                hasStored = cursor.Next();
            hasChange = changes.MoveNext();
        }
    }

    /// <summary>Hands its changes to the batch; answers what is to be done afterwards.</summary>
    public List<Action> Accept()
    {
        foreach (var (key, value) in _changes)
            batch.Set(key, value);
        return _afterCommit;
    }
}
