using CloudLab.Storage.Files;

namespace CloudLab.Storage.Volumes.Log;

/// <summary>What was written to a volume and is not in the blob store yet: segments of records, with an index over them.</summary>
/// <remarks>
/// A record is in the operating system's cache when <see cref="TryAppend"/> returns, and durable after <see cref="LogSyncer"/> went past it.
/// The drainer takes records from the front (<see cref="Peek"/>) and drops them when the store has them (<see cref="Release"/>).
/// All methods may be called from any thread. Failures of the disk throw <see cref="IOException"/>.
/// </remarks>
internal sealed class LocalLog : IDisposable
{
    /// <summary>A segment is dropped as a whole, so it is a small part of a log's bound.</summary>
    public const long SegmentBytes = 32L << 20;

    /// <summary>As many blocks as the usual bound has: what takes no room, like a trim, is bounded by its number.</summary>
    private const int MaxRecords = 65_536;

    private readonly Lock _gate = new();
    private readonly IFileLayer _files;
    private readonly string _directory;
    private readonly List<LogSegment> _segments = [];
    private readonly Queue<LogEntry> _entries = new();
    private readonly LogIndex _index = new();
    private TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _nextOrdinal;
    private bool _mustRoll;

    public LocalLog(IFileLayer files, string directory, Guid id, ulong position)
    {
        (_files, _directory, Id) = (files, directory, id);
        (End, Released, Synced) = (position, position, position);
    }

    public Guid Id { get; }

    /// <summary>The position of the next record.</summary>
    public ulong End { get; private set; }

    /// <summary>Everything before is in the blob store.</summary>
    public ulong Released { get; private set; }

    /// <summary>Everything before survives power loss.</summary>
    public ulong Synced { get; private set; }

    /// <summary>Bytes of records that are not in the blob store.</summary>
    public long Pending
    {
        get
        {
            lock (_gate)
                return (long)(End - Released);
        }
    }

    /// <summary>Whether nothing more is to be appended before something is released.</summary>
    /// <param name="bytes">What it may hold.</param>
    public bool IsFull(long bytes)
    {
        lock (_gate)
            return (long)(End - Released) >= bytes || _entries.Count >= MaxRecords;
    }

    /// <summary>Completes when <see cref="Release"/> is called next. Take it before looking at <see cref="Pending"/>.</summary>
    public Task NextRelease
    {
        get
        {
            lock (_gate)
                return _released.Task;
        }
    }

    /// <summary>Takes over what an earlier process left. Before anything else.</summary>
    public void Adopt(IEnumerable<LogSegment> segments, IEnumerable<LogEntry> entries, ulong end, ulong nextOrdinal)
    {
        _segments.AddRange(segments);
        foreach (var entry in entries)
        {
            _entries.Enqueue(entry);
            _index.Apply(entry);
        }

        (End, _nextOrdinal) = (end, nextOrdinal);
    }

    /// <summary>Appends a record.</summary>
    /// <param name="record">What it says.</param>
    /// <param name="buffer">The record's bytes; blocks stand in place, the rest is written here.</param>
    /// <param name="over">What must still hold of the record's first block; null for nothing.</param>
    /// <returns>Where the record ends; null if <paramref name="over"/> does not hold.</returns>
    public ulong? TryAppend(LogRecord record, Span<byte> buffer, LogVersion? over = null)
    {
        lock (_gate)
        {
            if (over is { } version && version != VersionOf(record.First))
                return null;
            var segment = WritableSegment();
            LogFormat.WriteRecord(buffer, record, Id, End, Synced);
            try
            {
                segment.Append(buffer);
            }
            catch (IOException)
            {
                // What was half written stays behind; the next record begins a segment of its own at the same position.
                _mustRoll = true;
                throw;
            }

            var entry = new LogEntry(record, segment, End, buffer.Length);
            End = entry.End;
            _entries.Enqueue(entry);
            _index.Apply(entry);
            return End;
        }
    }

    /// <summary>What the log says of a block. A segment in the answer is held: the caller releases it.</summary>
    public LogFinding Find(ulong block)
    {
        lock (_gate)
        {
            var finding = _index.Find(block);
            finding.Location.Segment?.Hold();
            return finding;
        }
    }

    /// <summary>Changes with the content of the block.</summary>
    public LogVersion Version(ulong block)
    {
        lock (_gate)
            return VersionOf(block);
    }

    /// <summary>The oldest records, as many as fit one object; null when there are none.</summary>
    public LogBatch? Peek()
    {
        lock (_gate)
            return LogBatch.TryBuild(_entries);
    }

    /// <summary>Whether a snapshot that was asked for is not wanted any more.</summary>
    public bool Forgets(string snapshot)
    {
        lock (_gate)
            return _entries.Any(entry => entry.Record.Kind == LogRecordKind.Forget && entry.Record.Id == snapshot);
    }

    /// <summary>Snapshots whose markers wait here, oldest first, with their positions.</summary>
    public IReadOnlyList<(string Id, ulong Position)> Markers()
    {
        lock (_gate)
        {
            return [.. _entries.Where(entry => entry.Record.Kind == LogRecordKind.Snapshot)
                .Select(entry => (entry.Record.Id, entry.Position))];
        }
    }

    /// <summary>The size that the last record of its kind gives the volume; null where there is none.</summary>
    public ulong? PendingSize()
    {
        lock (_gate)
            return _entries.LastOrDefault(entry => entry.Record.Kind == LogRecordKind.Resize).Record?.First;
    }

    /// <summary>Drops the records before <paramref name="position"/>, which the blob store has.</summary>
    public void Release(ulong position)
    {
        TaskCompletionSource released;
        lock (_gate)
        {
            while (_entries.TryPeek(out var entry) && entry.Position < position)
            {
                _index.Forget(entry);
                _entries.Dequeue();
            }

            _index.ForgetTrimsBefore(position);
            Released = Math.Max(Released, position);
            DropSegments();
            (released, _released) = (_released, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        released.SetResult();
    }

    /// <summary>What a sync has to make durable: segments, held for the caller, and the position that is reached by it.</summary>
    public (IReadOnlyList<LogSegment> Segments, ulong Position) Unsynced()
    {
        lock (_gate)
        {
            var segments = _segments.FindAll(segment => !segment.IsSynced);
            foreach (var segment in segments)
                segment.Hold();
            return (segments, End);
        }
    }

    /// <summary>Notes what a sync has reached.</summary>
    public void MarkSynced(IReadOnlyList<LogSegment> segments, ulong position)
    {
        lock (_gate)
        {
            Synced = Math.Max(Synced, position);
            foreach (var segment in segments)
                segment.IsSynced = segment.End <= position;
        }
    }

    /// <summary>Makes the names of the segments durable.</summary>
    public void SyncDirectory()
    {
        if (!_files.TrySyncDirectory(_directory))
            throw new IOException($"The log directory {_directory} is gone.");
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var segment in _segments)
                segment.Release();
            _segments.Clear();
        }
    }

    private LogVersion VersionOf(ulong block)
    {
        var finding = _index.Find(block);
        return new(finding.Kind, finding.Location.Position, finding.Kind == LogFindingKind.Written ? 0 : Released);
    }

    private LogSegment WritableSegment()
    {
        if (!_mustRoll && _segments is [.., { IsWritable: true, Bytes: < SegmentBytes } last])
            return last;
        var path = Path.Combine(_directory, LogFiles.Name(_nextOrdinal++));
        var writer = Create(path);
        Span<byte> header = stackalloc byte[LogFormat.SegmentHeaderBytes];
        LogFormat.WriteSegmentHeader(header, Id, End);
        LogSegment segment;
        try
        {
            writer.Write(0, header);
            segment = new LogSegment(path, End, writer, _files.OpenRead(path) ?? throw new IOException($"{path} is gone"));
        }
        catch (IOException)
        {
            writer.Dispose();
            throw;
        }

        _segments.Add(segment);
        _mustRoll = false;
        return segment;
    }

    private IFile Create(string path)
    {
        try
        {
            return _files.Create(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private void DropSegments()
    {
        var drop = _segments.FindIndex(segment => segment.End > Released || (segment.IsWritable && segment == _segments[^1]));
        foreach (var segment in _segments.GetRange(0, drop < 0 ? _segments.Count : drop))
        {
            _files.Delete(segment.Path);
            segment.Release();
            _segments.Remove(segment);
        }
    }
}
