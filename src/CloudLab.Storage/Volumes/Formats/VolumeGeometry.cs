namespace CloudLab.Storage.Volumes.Formats;

/// <summary>The numbers that all formats of a volume share.</summary>
internal static class VolumeGeometry
{
    /// <summary>The unit of the map: a smaller write reads, changes and logs a whole block.</summary>
    public const int BlockBytes = 4096;

    /// <summary>A block or a page of the map with the trailer that verifies it.</summary>
    public const int SlotBytes = BlockBytes + SlotTrailer.Bytes;

    /// <summary>Entries of a page of the map, of 8 bytes each.</summary>
    public const int PageEntries = 512;

    /// <summary>Levels of the map: a page of level 1 maps 2 MiB, the one page of level 4 maps 256 TiB.</summary>
    public const int Levels = 4;

    public const ulong MinBytes = 1UL << 20;
    public const ulong MaxBytes = 16UL << 40;
    public const ulong MaxBlocks = MaxBytes / BlockBytes;

    /// <summary>What one object holds besides its header.</summary>
    public const int MaxObjectSlots = 2040;

    public const int MaxObjectTrims = 2048;

    public static ulong BlocksOf(ulong bytes) => (bytes + BlockBytes - 1) / BlockBytes;

    /// <summary>How many blocks one entry of a page of <paramref name="level"/> stands for.</summary>
    public static ulong BlocksPerEntry(int level) => 1UL << (9 * (level - 1));
}
