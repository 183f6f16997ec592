using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Log;

/// <summary>What the log says of each block, newest first: it lies over the map. Not for several threads.</summary>
internal sealed class LogIndex
{
    private readonly Dictionary<ulong, LogLocation> _writes = [];
    private readonly TrimSet _trims = new();

    public int WrittenBlocks => _writes.Count;

    public int TrimmedRanges => _trims.Count;

    public void Apply(in LogEntry entry)
    {
        if (entry.Record.Kind == LogRecordKind.Write)
        {
            for (var i = 0; i < entry.Record.Checksums.Length; i++)
                _writes[entry.Record.First + (ulong)i] = entry.LocationOf(i);
        }
        else if (entry.Record.Kind == LogRecordKind.Trim)
        {
            RemoveWrites(new(entry.Record.First, entry.Record.Count));
            _trims.Add(new(entry.Record.First, entry.Record.Count), entry.Position);
        }
    }

    public LogFinding Find(ulong block)
    {
        // A write that is newer than a trim stands here; a trim that is newer has removed it.
        if (_writes.TryGetValue(block, out var location))
            return new(LogFindingKind.Written, location);
        return _trims.Contains(block) ? new(LogFindingKind.Trimmed, default) : default;
    }

    /// <summary>Forgets a record that is in the map now.</summary>
    public void Forget(in LogEntry entry)
    {
        for (var i = 0; i < entry.Record.Checksums.Length; i++)
        {
            var block = entry.Record.First + (ulong)i;
            if (_writes.TryGetValue(block, out var location) && location.Position == entry.Position)
                _writes.Remove(block);
        }
    }

    public void ForgetTrimsBefore(ulong position) => _trims.RemoveBefore(position);

    /// <summary>What is written and trimmed in the end.</summary>
    public (IEnumerable<KeyValuePair<ulong, LogLocation>> Writes, IEnumerable<BlockRange> Trims) Outcome() => (_writes, _trims.Ranges());

    private void RemoveWrites(BlockRange range)
    {
        if (range.Count <= (ulong)_writes.Count)
        {
            for (var block = range.First; block < range.End; block++)
                _writes.Remove(block);
            return;
        }

        foreach (var block in _writes.Keys)
        {
            if (range.Contains(block))
                _writes.Remove(block); // Dictionary permits removal while its keys are walked.
        }
    }
}
