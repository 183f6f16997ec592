namespace CloudLab.Storage.Blobs.Data;

/// <summary>Uploads whose parts somebody reads: they are not collected before the last reader has gone.</summary>
/// <remarks>
/// A single open file stays readable when it is removed; parts are opened one after the other, so they need this. A reader takes the
/// lease and then looks again whether the object still refers to the parts; the collector is told of parts only after they are
/// out of the index, and then asks for leases: one of the two sees the other.
/// </remarks>
internal sealed class PartLeases(Action<ulong> released)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, int> _readers = [];
    private readonly HashSet<ulong> _awaited = [];

    public void Take(ulong upload)
    {
        lock (_lock)
            _readers[upload] = _readers.GetValueOrDefault(upload) + 1;
    }

    public void Release(ulong upload)
    {
        lock (_lock)
        {
            if (--_readers[upload] > 0)
                return;
            _readers.Remove(upload);
            if (!_awaited.Remove(upload))
                return;
        }

        released(upload);
    }

    /// <summary>False if somebody reads them; then the last reader's release is told.</summary>
    public bool IsFree(ulong upload)
    {
        lock (_lock)
        {
            if (!_readers.ContainsKey(upload))
                return true;
            _awaited.Add(upload);
            return false;
        }
    }
}
