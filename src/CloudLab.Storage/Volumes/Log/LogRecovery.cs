using CloudLab.Storage.Files;
using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Log;

/// <summary>Reads what an earlier process left of a log.</summary>
/// <param name="files">Where it is.</param>
/// <param name="directory">The directory of its segments.</param>
/// <param name="id">The log's id.</param>
/// <param name="stored">Everything before this position is in the blob store.</param>
internal sealed class LogRecovery(IFileLayer files, string directory, Guid id, ulong stored)
{
    private const int ReadBytes = LogFormat.RecordHeaderBytes + (LogFormat.MaxBlocks * sizeof(uint)) + LogFormat.Alignment;

    private readonly List<LogEntry> _entries = [];
    private readonly byte[] _buffer = new byte[ReadBytes];
    private readonly byte[] _block = new byte[VolumeGeometry.BlockBytes];
    private ulong _end;

    /// <summary>Opens the log with what it has after <c>stored</c>.</summary>
    /// <returns>Null if records that had been durable are damaged.</returns>
    public LocalLog? TryRun()
    {
        _end = stored;
        var found = Segments();
        var kept = new List<LogSegment>();
        var intact = true;
        for (var i = 0; i < found.Count; i++)
        {
            var (segment, _) = found[i];
            if (segment.Start > _end)
                intact = false;
            // A segment that was begun after a failed write takes the place of what stands at its position before.
            var limit = i + 1 < found.Count ? found[i + 1].Segment.Start : ulong.MaxValue;
            if (!intact)
            {
                if (ClaimsDurable(segment))
                    return Abandon(found);
            }
            else if (limit > segment.Start)
            {
                Read(segment, limit);
                if (segment.End < limit && ClaimsDurable(segment))
                    return Abandon(found);
                if (segment.End > stored)
                    kept.Add(segment);
            }
        }

        var log = new LocalLog(files, directory, id, stored);
        foreach (var (segment, _) in found)
        {
            if (kept.Contains(segment))
                continue;
            files.Delete(segment.Path);
            segment.Release();
        }

        // One that came back after a power loss would stand between what is kept and what is written from now on.
        files.TrySyncDirectory(directory);
        log.Adopt(kept, _entries, _end, found.Count == 0 ? 0 : found[^1].Ordinal + 1);
        return log;
    }

    private static LocalLog? Abandon(List<(LogSegment Segment, ulong Ordinal)> found)
    {
        foreach (var (segment, _) in found)
            segment.Release();
        return null;
    }

    /// <summary>The segments in order. One whose header did not become durable has nothing that was.</summary>
    private List<(LogSegment Segment, ulong Ordinal)> Segments()
    {
        var segments = new List<(LogSegment, ulong)>();
        Span<byte> header = stackalloc byte[LogFormat.SegmentHeaderBytes];
        foreach (var ordinal in files.List(directory).Select(LogFiles.TryParse).OfType<ulong>().Order())
        {
            var path = Path.Combine(directory, LogFiles.Name(ordinal));
            if (files.OpenRead(path) is not { } reader)
                continue;
            var start = LogFormat.TryReadSegmentHeader(header[..reader.Read(0, header)], id);
            segments.Add((new LogSegment(path, start ?? ulong.MaxValue, null, reader), ordinal));
        }

        return segments;
    }

    private void Read(LogSegment segment, ulong limit)
    {
        while (segment.End < limit && TryReadAt(segment, segment.End) is { } entry)
        {
            segment.Advance(entry.Length);
            if (entry.Position >= _end)
                _entries.Add(entry);
            _end = Math.Max(_end, entry.End);
        }
    }

    private LogEntry? TryReadAt(LogSegment segment, ulong position)
    {
        var offset = LogSegment.OffsetOf(segment.Start, position);
        var bytes = _buffer.AsSpan(0, segment.Read(offset, _buffer));
        if (LogFormat.TryReadRecord(bytes, id, position, out _) is not { } record)
            return null;
        var entry = new LogEntry(record, segment, position, LogFormat.Length(record));
        for (var i = 0; i < record.Checksums.Length; i++)
        {
            var location = entry.LocationOf(i);
            if (segment.Read(location.Offset, _block) != _block.Length || Crc32C.Compute(_block) != location.Checksum)
                return null;
        }

        return entry;
    }

    /// <summary>Whether a record behind the first damaged one says that more than is there had been durable.</summary>
    private bool ClaimsDurable(LogSegment segment)
    {
        if (segment.Start == ulong.MaxValue)
            return false;
        for (var position = segment.End; ; position += LogFormat.Alignment)
        {
            var bytes = _buffer.AsSpan(0, segment.Read(LogSegment.OffsetOf(segment.Start, position), _buffer));
            if (bytes.Length < LogFormat.RecordHeaderBytes)
                return false;
            if (LogFormat.TryReadRecord(bytes, id, position, out var synced) is not null && synced > _end)
                return true;
        }
    }
}
