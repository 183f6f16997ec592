using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>An index in memory: what was written survives a power cut, since a write is durable when it returns.</summary>
internal sealed class MemoryIndex : IObjectIndex
{
    private static readonly Comparer<byte[]> ByBytes = Comparer<byte[]>.Create((x, y) => x.AsSpan().SequenceCompareTo(y));

    private readonly Lock _lock = new();
    private readonly SortedList<byte[], byte[]> _records = new(ByBytes);

    /// <summary>Called before a write; what it throws fails the write.</summary>
    public Action? BeforeWrite { get; set; }

    public int Writes { get; private set; }

    public IEnumerable<byte[]> Keys
    {
        get
        {
            lock (_lock)
                return [.. _records.Keys];
        }
    }

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        lock (_lock)
            return _records.GetValueOrDefault(key.ToArray());
    }

    public IIndexCursor Walk(ReadOnlySpan<byte> prefix)
    {
        lock (_lock)
        {
            var wanted = prefix.ToArray();
            return new Cursor([.. _records.Where(record => record.Key.AsSpan().StartsWith(wanted))]);
        }
    }

    public void Write(IReadOnlyCollection<KeyValuePair<byte[], byte[]?>> changes)
    {
        BeforeWrite?.Invoke();
        lock (_lock)
        {
            Writes++;
            foreach (var (key, value) in changes)
            {
                if (value is null)
                    _records.Remove(key);
                else
                    _records[key] = value;
            }
        }
    }

    /// <summary>Flips a bit of a record.</summary>
    public void Flip(byte[] key, int bit)
    {
        lock (_lock)
        {
            var record = (byte[])_records[key].Clone();
            record[bit / 8 % record.Length] ^= (byte)(1 << (bit % 8));
            _records[key] = record;
        }
    }

    public void Dispose()
    {
    }

    private sealed class Cursor(KeyValuePair<byte[], byte[]>[] records) : IIndexCursor
    {
        private int _at = -1;

        public ReadOnlySpan<byte> Key => records[_at].Key;

        public ReadOnlySpan<byte> Value => records[_at].Value;

        public bool Seek(ReadOnlySpan<byte> key)
        {
            for (_at = 0; _at < records.Length && Key.SequenceCompareTo(key) < 0;)
                _at++;
            return _at < records.Length;
        }

        public bool Next() => ++_at < records.Length;

        public void Dispose()
        {
        }
    }
}
