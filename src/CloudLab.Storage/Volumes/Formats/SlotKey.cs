namespace CloudLab.Storage.Volumes.Formats;

/// <summary>What a slot holds: a block of the volume (level 0) or a page of the map (levels 1 to 4), and which.</summary>
/// <param name="Bits">The level in the highest byte, the index below it.</param>
internal readonly record struct SlotKey(ulong Bits) : IComparable<SlotKey>
{
    private const int IndexBits = 56;

    public SlotKey(int level, ulong index)
        : this(((ulong)level << IndexBits) | index)
    {
    }

    public int Level => (int)(Bits >> IndexBits);

    public ulong Index => Bits & ((1UL << IndexBits) - 1);

    /// <summary>The page that has the entry for this slot.</summary>
    public SlotKey Parent => new(Level + 1, Index / VolumeGeometry.PageEntries);

    /// <summary>The number of that entry.</summary>
    public int EntryInParent => (int)(Index % VolumeGeometry.PageEntries);

    public static SlotKey Block(ulong index) => new(0, index);

    public int CompareTo(SlotKey other) => Bits.CompareTo(other.Bits);
}
