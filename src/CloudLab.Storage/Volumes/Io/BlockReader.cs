using CloudLab.Storage.Files;
using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Log;
using CloudLab.Storage.Volumes.Map;
using CloudLab.Storage.Volumes.Objects;

namespace CloudLab.Storage.Volumes.Io;

/// <summary>Reads blocks from where they are: the log, the cache, the blob store.</summary>
/// <remarks>May be called from any thread.</remarks>
internal sealed class BlockReader(LocalLog log, BlockMap map, SlotReader slots)
{
    /// <summary>What a reader who reads on gets at once, in blocks.</summary>
    private const int ReadAhead = 64;

    /// <summary>How often a block may move while it is looked for.</summary>
    private const int MaxMoves = 16;

    private ulong _nextInSequence;

    /// <summary>Reads <paramref name="count"/> blocks.</summary>
    /// <exception cref="IOException">The store, or the log's disk, does not answer.</exception>
    /// <exception cref="InvalidDataException">A block is damaged or missing.</exception>
    public async ValueTask ReadAsync(ulong first, int count, Memory<byte> content, CancellationToken cancellationToken)
    {
        var isSequential = Interlocked.Exchange(ref _nextInSequence, first + (ulong)count) == first;
        for (int done = 0, moves = 0; done < count;)
        {
            var block = first + (ulong)done;
            var rest = content[(done * VolumeGeometry.BlockBytes)..];
            var read = TryReadAtHand(block, rest.Span[..VolumeGeometry.BlockBytes])
                ? 1 : await ReadFarAsync(block, count - done, rest, isSequential, cancellationToken);
            moves = read == 0 ? moves + 1 : 0;
            if (moves > MaxMoves)
                throw new InvalidDataException($"Block {block} is missing from the blob store.");
            done += read;
        }
    }

    /// <summary>Reads a block that needs no waiting.</summary>
    private bool TryReadAtHand(ulong block, Span<byte> content)
    {
        // First the log, then the map: a block goes into the map before it leaves the log.
        var finding = log.Find(block);
        switch (finding.Kind)
        {
            case LogFindingKind.Written:
                ReadLog(finding.Location, content);
                return true;
            case LogFindingKind.Trimmed:
                content.Clear();
                return true;
            case LogFindingKind.Nothing:
                if (!map.TryFind(block, out var entry))
                    return false;
                if (entry.IsNone)
                    content.Clear();
                return entry.IsNone || slots.TryReadCached(entry, content);
        }

        return false;
    }

    private async ValueTask<int> ReadFarAsync(
        ulong block, int wanted, Memory<byte> content, bool isSequential, CancellationToken cancellationToken)
    {
        var entry = await map.FindAsync(SlotKey.Block(block), cancellationToken);
        if (entry.IsNone)
            return 0; // It has moved: look again.
        var run = RunFrom(block, entry, wanted);
        var ahead = isSequential ? Math.Max(run, ReadAhead) : run;
        return await slots.ReadRunAsync(SlotKey.Block(block), entry, run, content, ahead, cancellationToken);
    }

    /// <summary>How many blocks from here on lie in a row and are not in the log.</summary>
    private int RunFrom(ulong block, MapEntry entry, int wanted)
    {
        var run = 1;
        while (run < wanted && map.TryFind(block + (ulong)run, out var next)
            && next == new MapEntry(entry.Generation, entry.Sequence, entry.Slot + run) && !IsInLog(block + (ulong)run))
            run++;
        return run;
    }

    private bool IsInLog(ulong block)
    {
        var finding = log.Find(block);
        finding.Location.Segment?.Release();
        return finding.Kind != LogFindingKind.Nothing;
    }

    private static void ReadLog(in LogLocation location, Span<byte> content)
    {
        try
        {
            if (location.Segment.Read(location.Offset, content) != content.Length || Crc32C.Compute(content) != location.Checksum)
                throw new InvalidDataException($"{location.Segment.Path} is damaged at {location.Offset}.");
        }
        finally
        {
            location.Segment.Release();
        }
    }
}
