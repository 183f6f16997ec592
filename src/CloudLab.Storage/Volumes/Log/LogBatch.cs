using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Log;

/// <summary>The oldest records of a log, to be packed into one object: what they come to in the end. Disposing lets go of the segments.</summary>
internal sealed class LogBatch : IDisposable
{
    private readonly HashSet<LogSegment> _segments = [];

    private LogBatch()
    {
    }

    /// <summary>The blocks in order, and where their newest content is.</summary>
    public required IReadOnlyList<KeyValuePair<ulong, LogLocation>> Writes { get; init; }

    /// <summary>What was trimmed and perhaps written again.</summary>
    public required IReadOnlyList<BlockRange> Trims { get; init; }

    /// <summary>The size that the volume got; null if it kept its own.</summary>
    public required ulong? Size { get; init; }

    /// <summary>The position behind the records.</summary>
    public required ulong End { get; init; }

    /// <summary>The snapshot whose marker comes next; null for none.</summary>
    public required string? Snapshot { get; init; }

    /// <summary>The position behind that marker.</summary>
    public required ulong SnapshotEnd { get; init; }

    /// <summary>Takes from the front as much as one object holds, and up to the first marker. The lock of the log is held.</summary>
    /// <returns>Null where there is nothing.</returns>
    public static LogBatch? TryBuild(IEnumerable<LogEntry> entries)
    {
        var outcome = new LogIndex();
        ulong? size = null;
        ulong end = 0;
        string? snapshot = null;
        ulong snapshotEnd = 0;
        foreach (var entry in entries)
        {
            if (entry.Record.Kind == LogRecordKind.Snapshot)
            {
                (snapshot, snapshotEnd) = (entry.Record.Id, entry.End);
                if (end == 0)
                    end = entry.Position;
                break;
            }

            if (outcome.WrittenBlocks + entry.Record.Checksums.Length > VolumeGeometry.MaxObjectSlots
                || outcome.TrimmedRanges + 2 > VolumeGeometry.MaxObjectTrims)
                break;
            outcome.Apply(entry);
            if (entry.Record.Kind == LogRecordKind.Resize)
                size = entry.Record.First;
            end = entry.End;
        }

        if (end == 0 && snapshot is null)
            return null;
        var (writes, trims) = outcome.Outcome();
        var batch = new LogBatch
        {
            Writes = [.. writes.OrderBy(write => write.Key)],
            Trims = [.. trims],
            Size = size,
            End = end,
            Snapshot = snapshot,
            SnapshotEnd = snapshotEnd,
        };
        batch.Hold();
        return batch;
    }

    public void Dispose()
    {
        foreach (var segment in _segments)
            segment.Release();
        _segments.Clear();
    }

    private void Hold()
    {
        foreach (var (_, location) in Writes)
        {
            if (_segments.Add(location.Segment))
                location.Segment.Hold();
        }
    }
}
