using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Map;

/// <summary>The map of a volume: a tree of pages, of which those that changed and those used last are in memory.</summary>
/// <remarks>
/// Many read, one changes it (the drainer). A page that changed stays in memory until it is stored, and so do the pages above it:
/// hence a page that is not in memory is where the entry for it says, and nothing is where that is empty.
/// </remarks>
internal sealed class BlockMap : IDisposable
{
    private static readonly SlotKey RootKey = new(VolumeGeometry.Levels, 0);

    private readonly Lock _gate = new();
    private readonly ISlotSource _source;
    private readonly PageBudget _budget;
    private readonly Dictionary<SlotKey, LinkedListNode<MapPage>> _pages = [];
    private readonly LinkedList<MapPage> _byUse = new();

    /// <param name="root">Where the root page is.</param>
    /// <param name="source">Where pages are read from.</param>
    /// <param name="budget">What pages in memory are counted against.</param>
    public BlockMap(MapEntry root, ISlotSource source, PageBudget budget)
    {
        (Root, _source, _budget) = (root, source, budget);
        budget.Enter();
    }

    /// <summary>Where the root page was stored last.</summary>
    public MapEntry Root { get; private set; }

    public int DirtyPages { get; private set; }

    /// <summary>Where a block is, if that is known without reading.</summary>
    public bool TryFind(ulong block, out MapEntry entry) => TryFind(SlotKey.Block(block), out entry, out _);

    /// <summary>Where a slot is: reads the pages that tell.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    /// <exception cref="InvalidDataException">A page is damaged or missing.</exception>
    public async ValueTask<MapEntry> FindAsync(SlotKey slot, CancellationToken cancellationToken)
    {
        MapEntry entry;
        while (!TryFind(slot, out entry, out var missing))
            await LoadAsync(missing.Key, missing.At, cancellationToken);
        return entry;
    }

    /// <summary>Reads the pages above a block, or makes them, so that <see cref="Set"/> can change it. For the one who changes the map.</summary>
    public async ValueTask PrepareAsync(ulong block, CancellationToken cancellationToken)
    {
        var entry = Root;
        for (var level = VolumeGeometry.Levels; level > 0; level--)
        {
            var page = await PinAsync(new(level, block / VolumeGeometry.BlocksPerEntry(level + 1)), entry, cancellationToken);
            lock (_gate)
                entry = page[(int)(block / VolumeGeometry.BlocksPerEntry(level) % VolumeGeometry.PageEntries)];
        }
    }

    /// <summary>Points a block somewhere, after <see cref="PrepareAsync"/>.</summary>
    /// <returns>Where it was.</returns>
    public MapEntry Set(ulong block, MapEntry entry)
    {
        var key = SlotKey.Block(block);
        lock (_gate)
        {
            var page = _pages[key.Parent].Value;
            var old = page[key.EntryInParent];
            page[key.EntryInParent] = entry;
            return old;
        }
    }

    /// <summary>Makes a range read as zeroes.</summary>
    public ValueTask TrimAsync(BlockRange range, CancellationToken cancellationToken) =>
        TrimAsync(RootKey, Root, range, cancellationToken);

    /// <summary>Gives the changed pages, bottom up, their places and tells where the root will be; they stay in memory until <see cref="MarkStored"/>.</summary>
    /// <param name="place">Called with each page that has entries; answers where it goes.</param>
    public MapEntry PlaceDirty(Func<MapPage, MapEntry> place)
    {
        lock (_gate)
        {
            var root = Root;
            foreach (var page in _byUse.Where(page => page.IsDirty).OrderBy(page => page.Key).ToList())
            {
                var entry = page.IsEmpty ? MapEntry.None : place(page);
                if (page.Key == RootKey)
                    root = entry;
                else
                    _pages[page.Key.Parent].Value[page.Key.EntryInParent] = entry;
            }

            return root;
        }
    }

    /// <summary>The pages that were placed are stored.</summary>
    public void MarkStored(MapEntry root)
    {
        lock (_gate)
        {
            Root = root;
            foreach (var page in _byUse.Where(page => page.IsDirty).ToList())
            {
                page.IsDirty = false;
                if (page.IsEmpty)
                    Remove(page.Key);
            }

            DirtyPages = 0;
            TrimToBudget();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _budget.Add(-_pages.Count);
            _budget.Leave();
            _pages.Clear();
            _byUse.Clear();
        }
    }

    /// <summary>Walks down to the entry for a slot.</summary>
    /// <param name="slot">Which slot.</param>
    /// <param name="entry">The entry, when true.</param>
    /// <param name="missing">The page to read first and where it is, when false.</param>
    private bool TryFind(SlotKey slot, out MapEntry entry, out (SlotKey Key, MapEntry At) missing)
    {
        missing = default;
        lock (_gate)
        {
            // Mostly the lowest page is there, and then it alone counts.
            if (TryGet(slot.Parent) is { } lowest)
            {
                entry = lowest[slot.EntryInParent];
                return true;
            }

            entry = Root;
            for (var level = VolumeGeometry.Levels; level > slot.Level; level--)
            {
                var shift = level - slot.Level;
                var key = new SlotKey(level, slot.Index >> (9 * shift));
                if (TryGet(key) is { } page)
                {
                    entry = page[(int)((slot.Index >> (9 * (shift - 1))) % VolumeGeometry.PageEntries)];
                }
                else if (entry.IsNone)
                {
                    return true;
                }
                else
                {
                    missing = (key, entry);
                    return false;
                }
            }

            return true;
        }
    }

    private async ValueTask<MapPage> LoadAsync(SlotKey key, MapEntry at, CancellationToken cancellationToken)
    {
        var bytes = new byte[VolumeGeometry.BlockBytes];
        await _source.ReadAsync(key, at, bytes, cancellationToken);
        return Add(MapPage.Read(key, bytes, at.Generation));
    }

    /// <summary>Keeps a page in memory, unless another has brought it meanwhile.</summary>
    private MapPage Add(MapPage page)
    {
        lock (_gate)
        {
            if (TryGet(page.Key) is { } there)
                return there;
            _pages.Add(page.Key, _byUse.AddFirst(page));
            _budget.Add(1);
            TrimToBudget();
            return page;
        }
    }

    private MapPage? TryGet(SlotKey key)
    {
        lock (_gate)
        {
            if (!_pages.TryGetValue(key, out var node))
                return null;
            if (node != _byUse.First)
            {
                _byUse.Remove(node);
                _byUse.AddFirst(node);
            }

            return node.Value;
        }
    }

    /// <summary>Has a page in memory, to be changed: it stays until it is stored. One that is nowhere is made.</summary>
    private async ValueTask<MapPage> PinAsync(SlotKey key, MapEntry at, CancellationToken cancellationToken)
    {
        while (true)
        {
            // A page that was read may be given back before it is marked; then it is read again.
            if (TryPin(at.IsNone ? Add(new MapPage(key)).Key : key) is { } page)
                return page;
            await LoadAsync(key, at, cancellationToken);
        }
    }

    private MapPage? TryPin(SlotKey key)
    {
        lock (_gate)
        {
            if (TryGet(key) is not { } page)
                return null;
            if (!page.IsDirty)
                DirtyPages++;
            page.IsDirty = true;
            return page;
        }
    }

    private void Remove(SlotKey key)
    {
        if (!_pages.Remove(key, out var node))
            return;
        if (node.Value.IsDirty)
            DirtyPages--;
        _byUse.Remove(node);
        _budget.Add(-1);
    }

    /// <summary>Gives back what was not used for longest. The newest stays, for whoever has just brought it.</summary>
    private void TrimToBudget()
    {
        for (var node = _byUse.Last; node is not null && node != _byUse.First && _budget.IsExceeded;)
        {
            var previous = node.Previous;
            if (!node.Value.IsDirty)
                Remove(node.Value.Key);
            node = previous;
        }
    }

    private async ValueTask TrimAsync(SlotKey key, MapEntry at, BlockRange range, CancellationToken cancellationToken)
    {
        if (at.IsNone && TryGet(key) is null)
            return;
        var page = await PinAsync(key, at, cancellationToken);
        var perEntry = VolumeGeometry.BlocksPerEntry(key.Level);
        var start = key.Index * perEntry * VolumeGeometry.PageEntries;
        for (var i = 0; i < VolumeGeometry.PageEntries; i++)
        {
            var covered = new BlockRange(start + ((ulong)i * perEntry), perEntry);
            if (covered.End <= range.First || covered.First >= range.End)
                continue;
            var child = new SlotKey(key.Level - 1, (key.Index * VolumeGeometry.PageEntries) + (ulong)i);
            MapEntry entry;
            lock (_gate)
                entry = page[i];
            if (range.First <= covered.First && range.End >= covered.End)
                Drop(page, i, child);
            else
                await TrimAsync(child, entry, range, cancellationToken);
        }
    }

    /// <summary>Empties an entry and forgets the pages below it.</summary>
    private void Drop(MapPage page, int entry, SlotKey child)
    {
        lock (_gate)
        {
            // What is nowhere and not in memory has nothing below it: to trim it again costs nothing.
            if (page[entry].IsNone && !_pages.ContainsKey(child))
                return;
            page[entry] = MapEntry.None;
            if (child.Level == 0)
                return;
            if (child.Level == 1)
            {
                Remove(child);
                return;
            }

            foreach (var key in _pages.Keys.Where(key => key.Level <= child.Level && key.Index >> (9 * (child.Level - key.Level)) == child.Index).ToList())
                Remove(key);
        }
    }
}
