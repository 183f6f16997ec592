namespace CloudLab.Storage.Volumes.Map;

/// <summary>How many pages the maps of all volumes of a store keep in memory together.</summary>
/// <param name="pages">The bound.</param>
internal sealed class PageBudget(int pages)
{
    private int _used;
    private int _maps;

    public int Used => Volatile.Read(ref _used);

    /// <summary>Whether a map that has clean pages should give some back.</summary>
    public bool IsExceeded => Used > pages;

    /// <summary>How many changed pages a map may have before it makes a checkpoint: half of its share, since they cannot be given back.</summary>
    public int DirtyShare => Math.Max(16, pages / (2 * Math.Max(1, Volatile.Read(ref _maps))));

    public void Add(int count) => Interlocked.Add(ref _used, count);

    public void Enter() => Interlocked.Increment(ref _maps);

    public void Leave() => Interlocked.Decrement(ref _maps);
}
