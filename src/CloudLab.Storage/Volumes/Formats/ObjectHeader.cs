namespace CloudLab.Storage.Volumes.Formats;

/// <summary>What an object of a volume's stream says of itself. It is whole history's step: applied as one or not at all.</summary>
internal sealed record ObjectHeader
{
    /// <summary>The place in the stream, from 1; also in the object's name.</summary>
    public required ulong Sequence { get; init; }

    public ObjectMarks Marks { get; init; }

    /// <summary>The epoch its writer opened the volume with.</summary>
    public required ulong Epoch { get; init; }

    /// <summary>Random for each opening: tells a writer whether an object is its own.</summary>
    public required Guid Writer { get; init; }

    /// <summary>The local log it was packed from.</summary>
    public required Guid LogId { get; init; }

    /// <summary>Everything before this position of the log is in this object or in earlier ones.</summary>
    public required ulong LogPosition { get; init; }

    /// <summary>The sequence of the newest object with a checkpoint, this one included; 0 for none.</summary>
    public required ulong Checkpoint { get; init; }

    /// <summary>The root of the map, where this is a checkpoint.</summary>
    public MapEntry Root { get; init; }

    /// <summary>The size of the volume in bytes.</summary>
    public required ulong Size { get; init; }

    /// <summary>When it was packed, UTC: a log that is lost loses what was written after.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Blocks that read as zeroes from here on, unless they are among the slots.</summary>
    public IReadOnlyList<BlockRange> Trims { get; init; } = [];

    /// <summary>The number of the first slot, in units of <see cref="VolumeGeometry.SlotBytes"/> from the object's start.</summary>
    public int FirstSlot { get; init; }

    /// <summary>The slots in the order in which they follow the header.</summary>
    public IReadOnlyList<SlotKey> Slots { get; init; } = [];

    /// <summary>Where the n-th slot is.</summary>
    public MapEntry PlaceOf(int n) => new(0, Sequence, FirstSlot + n);
}
