namespace CloudLab.Storage.Volumes.Log;

/// <summary>A record and where it is.</summary>
internal readonly record struct LogEntry(LogRecord Record, LogSegment Segment, ulong Position, int Length)
{
    public ulong End => Position + (ulong)Length;

    /// <summary>Where a block of a write is.</summary>
    public LogLocation LocationOf(int block) => new(
        Segment,
        LogSegment.OffsetOf(Segment.Start, Position) + LogFormat.DataAt(Record) + ((long)block * Formats.VolumeGeometry.BlockBytes),
        Record.Checksums[block],
        Position);
}
