using System.Runtime.CompilerServices;
using CloudLab.Storage.Blobs;

namespace CloudLab.Storage.Tests.Volumes;

/// <summary>A blob store in memory that fails as it is told: before an operation has its effect, or after.</summary>
internal sealed class FaultyBlobStore : IBlobStore
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    /// <summary>Called before each operation; what it throws keeps it from happening.</summary>
    public Action<string>? Before { get; set; }

    /// <summary>What each operation waits for first.</summary>
    public Func<Task> Delay { get; set; } = async () => await Task.Yield();

    /// <summary>Called after each operation; what it throws loses the answer.</summary>
    public Action<string>? After { get; set; }

    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_lock)
                return [.. _objects.Keys];
        }
    }

    public long Bytes
    {
        get
        {
            lock (_lock)
                return _objects.Values.Sum(content => (long)content.Length);
        }
    }

    /// <summary>Inverts a bit of an object.</summary>
    public void Flip(string name, int at)
    {
        lock (_lock)
            _objects[name][at] ^= 0x10;
    }

    public void Remove(string name)
    {
        lock (_lock)
            _objects.Remove(name);
    }

    public async Task<BlobResult<BlobInfo>> PutAsync(
        string name, Stream content, BlobCondition condition, CancellationToken cancellationToken)
    {
        await EnterAsync("put " + name, cancellationToken);
        using var memory = new MemoryStream();
        await content.CopyToAsync(memory, cancellationToken);
        BlobResult<BlobInfo> result;
        lock (_lock)
        {
            if (condition.MustBeAbsent && _objects.ContainsKey(name))
            {
                result = BlobError.ConditionFailed;
            }
            else
            {
                _objects[name] = memory.ToArray();
                result = Info(name);
            }
        }

        After?.Invoke("put " + name);
        return result;
    }

    public async Task<BlobResult<BlobInfo>> HeadAsync(string name, CancellationToken cancellationToken)
    {
        await EnterAsync("head " + name, cancellationToken);
        lock (_lock)
            return _objects.ContainsKey(name) ? Info(name) : BlobError.NotFound;
    }

    public async Task<BlobResult<BlobContent>> GetAsync(string name, BlobRange? range, CancellationToken cancellationToken)
    {
        await EnterAsync("get " + name, cancellationToken);
        lock (_lock)
        {
            if (!_objects.TryGetValue(name, out var content))
                return BlobError.NotFound;
            var part = range ?? new BlobRange(0, content.Length);
            if (part.Offset >= content.Length)
                return BlobError.RangeNotSatisfiable;
            var length = (int)Math.Min(part.Length, content.Length - part.Offset);
            return new BlobContent(Info(name), new MemoryStream([.. content.AsSpan((int)part.Offset, length)]));
        }
    }

    public async IAsyncEnumerable<BlobInfo> ListAsync(
        string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await EnterAsync("list " + prefix, cancellationToken);
        foreach (var name in Names)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(name, startAfter) > 0)
                yield return new BlobInfo(name, 0, "", default);
        }
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await EnterAsync("delete " + name, cancellationToken);
        Remove(name);
        After?.Invoke("delete " + name);
    }

    private async ValueTask EnterAsync(string operation, CancellationToken cancellationToken)
    {
        await Delay().WaitAsync(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        Before?.Invoke(operation);
    }

    private BlobInfo Info(string name) => new(name, _objects[name].Length, "", default);
}
