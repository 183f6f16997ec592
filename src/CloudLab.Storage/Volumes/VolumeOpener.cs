using CloudLab.Storage.Blobs;
using CloudLab.Storage.Volumes.Drain;
using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Log;
using CloudLab.Storage.Volumes.Map;
using CloudLab.Storage.Volumes.Objects;

namespace CloudLab.Storage.Volumes;

/// <summary>Recovers a volume: the newest checkpoint, the objects after it, and what the local log has beyond them.</summary>
internal sealed class VolumeOpener(
    IBlobStore blobs, VolumeStoreOptions options, SharedParts shared, string id, VolumeRecord record, VolumeOpening opening, TimeProvider time)
{
    /// <summary>How often another writer may get in between.</summary>
    private const int MaxAttempts = 32;

    private readonly SlotReader _slots = new([shared.ObjectsOf(id), .. record.Ancestors.Select(shared.ObjectsOf)], shared.Cache);

    /// <summary>Shuts out who wrote before and takes over.</summary>
    /// <param name="failed">Called when the volume takes no more writes.</param>
    /// <param name="closed">Called when it is closed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="VolumeException">Why it cannot be opened.</exception>
    /// <exception cref="InvalidDataException">Something is damaged.</exception>
    /// <exception cref="IOException">The store does not answer.</exception>
    public async Task<VolumeParts> RunAsync(Action<string, Exception> failed, Action<VolumeParts> closed, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var tail = await StreamTail.FindAsync(blobs, id, cancellationToken);
            if (tail.Header is { } newest && newest.Epoch > opening.Epoch)
                throw new VolumeException(VolumeError.Fenced, $"Volume {id} was opened with epoch {newest.Epoch}.");
            try
            {
                if (await TryTakeOverAsync(tail, cancellationToken) is var (log, map, writer, drainer))
                    return Parts(log, map, writer, drainer, failed, closed);
            }
            catch (InvalidDataException)
            {
                // A writer who is still there may have collected what was being read.
                if ((await StreamTail.FindAsync(blobs, id, cancellationToken)).Sequence == tail.Sequence)
                    throw;
            }
        }

        throw new VolumeException(VolumeError.Busy, $"Others keep opening volume {id}.");
    }

    private VolumeParts Parts(
        LocalLog log, BlockMap map, ObjectWriter writer, Drainer drainer, Action<string, Exception> failed, Action<VolumeParts> closed) => new()
        {
            Id = id,
            Size = log.PendingSize() ?? writer.Size,
            SectorSize = record.SectorSize,
            Durability = opening.Durability,
            Options = options,
            Time = time,
            Blobs = blobs,
            Log = log,
            Map = map,
            Slots = _slots,
            Writer = writer,
            Drainer = drainer,
            Failed = failed,
            Closed = closed,
        };

    /// <summary>Builds the state as of <paramref name="tail"/> and puts a fence behind it; null if another object got there first.</summary>
    private async Task<(LocalLog, BlockMap, ObjectWriter, Drainer)?> TryTakeOverAsync(StreamTail tail, CancellationToken cancellationToken)
    {
        LocalLog? log = null;
        BlockMap? map = null;
        var isTaken = false;
        try
        {
            map = new BlockMap(await RootAsync(tail, cancellationToken), _slots, shared.Budget);
            log = OpenLog(tail);
            var writer = new ObjectWriter(blobs, id, opening.Epoch, time)
            {
                Next = tail.Sequence + 1,
                Checkpoint = tail.Header?.Checkpoint ?? 0,
                Size = tail.Header?.Size ?? record.Size,
                LogId = log.Id,
                LogPosition = log.Released,
            };
            var drainer = new Drainer(blobs, id, log, map, writer, shared.Budget, time);
            await ReplayAsync(drainer, tail, cancellationToken);
            isTaken = await writer.TryFenceAsync(cancellationToken) is null;
            if (!isTaken)
                return null;
            RemoveOtherLogs(log.Id);
            return (log, map, writer, drainer);
        }
        finally
        {
            if (!isTaken)
            {
                log?.Dispose();
                map?.Dispose();
            }
        }
    }

    private async Task<MapEntry> RootAsync(StreamTail tail, CancellationToken cancellationToken)
    {
        if (tail.Header is not { Checkpoint: > 0 } newest)
            return new MapEntry(record.Root);
        var name = VolumeNames.Object(id, newest.Checkpoint);
        return newest.Checkpoint == newest.Sequence ? newest.Root
            : (await blobs.TryReadHeaderAsync(name, cancellationToken) ?? throw new InvalidDataException($"{name} is missing.")).Root;
    }

    private async Task ReplayAsync(Drainer drainer, StreamTail tail, CancellationToken cancellationToken)
    {
        for (var sequence = (tail.Header?.Checkpoint ?? 0) + 1; sequence <= tail.Sequence; sequence++)
        {
            var name = VolumeNames.Object(id, sequence);
            var header = sequence == tail.Sequence ? tail.Header : await blobs.TryReadHeaderAsync(name, cancellationToken);
            if (header is null || header.Sequence != sequence)
                throw new InvalidDataException($"{name} is missing.");
            if (header.Slots.Count > 0 || header.Trims.Count > 0)
                await drainer.ApplyAsync(header, cancellationToken);
        }
    }

    /// <summary>The log that belongs to the newest object, or a new one where nothing is missing, or may be.</summary>
    private LocalLog OpenLog(StreamTail tail)
    {
        var files = options.Files;
        if (tail.Header is { } newest && !newest.Marks.HasFlag(ObjectMarks.Clean))
        {
            var directory = LogFiles.Directory(options.LogDirectory, id, newest.LogId);
            var isHere = files.List(Path.GetDirectoryName(directory)!).Contains(Path.GetFileName(directory));
            if (isHere && new LogRecovery(files, directory, newest.LogId, newest.LogPosition).TryRun() is { } log)
                return log;
            if (!opening.Force)
            {
                throw new VolumeException(
                    isHere ? VolumeError.Corrupted : VolumeError.Undrained,
                    isHere ? $"The log {directory} is damaged." : $"What was written last to volume {id} is in a log that is not here.");
            }
        }

        var fresh = Guid.NewGuid();
        var path = LogFiles.Directory(options.LogDirectory, id, fresh);
        files.CreateDirectory(path);
        files.TrySyncDirectory(Path.GetDirectoryName(path)!);
        files.TrySyncDirectory(options.LogDirectory);
        return new LocalLog(files, path, fresh, 0);
    }

    private void RemoveOtherLogs(Guid kept) => LogFiles.RemoveAll(options.Files, options.LogDirectory, id, except: kept);
}
