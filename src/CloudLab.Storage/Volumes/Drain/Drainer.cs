using CloudLab.Storage.Blobs;
using CloudLab.Storage.Files;
using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Log;
using CloudLab.Storage.Volumes.Map;
using CloudLab.Storage.Volumes.Objects;

namespace CloudLab.Storage.Volumes.Drain;

/// <summary>Packs the log into objects, applies them to the map, and makes checkpoints and snapshots. One step at a time.</summary>
/// <remarks>
/// An object is put, then the map points to it, then the log forgets it: at any moment a reader who asks the log first and the map
/// then finds every block. The log forgets only what an object's header says is in the store, which is where recovery begins.
/// </remarks>
internal sealed class Drainer(
    IBlobStore blobs, string volume, LocalLog log, BlockMap map, ObjectWriter writer, PageBudget budget, TimeProvider time)
{
    /// <summary>What a recovery reads at most to catch up with the newest checkpoint.</summary>
    private const ulong MaxObjectsSinceCheckpoint = 64;

    /// <summary>Pages of the map that are read at the same time.</summary>
    private const int MaxReads = 16;

    private bool _hasApplied;
    private bool _isCutOff;

    public ObjectUsage Usage { get; } = new();

    /// <summary>Whether the map has more than the newest checkpoint.</summary>
    public bool NeedsCheckpoint => _hasApplied;

    /// <summary>Moves the oldest records into the store, as many as one object holds.</summary>
    /// <returns>False if there were none.</returns>
    /// <exception cref="VolumeException">The writer was shut out.</exception>
    /// <exception cref="InvalidDataException">A page of the map, or the log, is damaged.</exception>
    public async Task<bool> StepAsync(CancellationToken cancellationToken)
    {
        Begin();
        using var batch = log.Peek();
        if (batch is not null)
        {
            if (batch.End > writer.LogPosition)
                await PutAsync(batch, cancellationToken);
            if (batch.Snapshot is { } snapshot)
                await SnapshotAsync(snapshot, batch.SnapshotEnd, cancellationToken);
            if (writer.Next - writer.Checkpoint > MaxObjectsSinceCheckpoint || map.DirtyPages > budget.DirtyShare)
                await CheckpointAsync(ObjectMarks.None, cancellationToken);
        }

        _isCutOff = false;
        return batch is not null;
    }

    /// <summary>Stores the changed pages of the map, and in the last object where the root is.</summary>
    public async Task CheckpointAsync(ObjectMarks marks, CancellationToken cancellationToken)
    {
        var buffers = new List<ObjectBuffer>();
        try
        {
            var dirty = map.DirtyPages;
            var first = writer.Next;
            buffers.Add(new(first, 0, Math.Min(dirty, VolumeGeometry.MaxObjectSlots)));
            var root = map.PlaceDirty(page =>
            {
                if (buffers[^1].Count == VolumeGeometry.MaxObjectSlots)
                    buffers.Add(new(first + (ulong)buffers.Count, 0, VolumeGeometry.MaxObjectSlots));
                var content = buffers[^1].NextContent;
                page.Write(content);
                return buffers[^1].Add(page.Key, Crc32C.Compute(content));
            });
            foreach (var buffer in buffers)
            {
                var header = writer.Header(buffer == buffers[^1] ? ObjectMarks.Checkpoint | marks : ObjectMarks.None);
                header = buffer == buffers[^1] ? header with { Root = root } : header;
                await writer.AppendAsync(header, buffer.Finish(header), cancellationToken);
                Usage.Took(buffer.Count);
            }

            map.MarkStored(root);
            _hasApplied = false;
        }
        finally
        {
            foreach (var buffer in buffers)
                buffer.Dispose();
        }

        await PutHintAsync(cancellationToken);
    }

    /// <summary>Says that the log has no more.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        Begin();
        if (NeedsCheckpoint)
            await CheckpointAsync(ObjectMarks.Clean, cancellationToken);
        else
            await writer.AppendAsync(writer.Header(ObjectMarks.Clean), cancellationToken);
    }

    /// <summary>Lets the map say what an object of the stream changed.</summary>
    public async Task ApplyAsync(ObjectHeader header, CancellationToken cancellationToken)
    {
        foreach (var trim in header.Trims)
        {
            await map.TrimAsync(trim, cancellationToken);
            Usage.Trimmed();
        }

        await ReadPagesAsync(header, cancellationToken);
        for (var i = 0; i < header.Slots.Count; i++)
        {
            if (header.Slots[i].Level != 0)
                continue;
            var block = header.Slots[i].Index;
            await map.PrepareAsync(block, cancellationToken);
            var old = map.Set(block, header.PlaceOf(i));
            if (old != header.PlaceOf(i))
                Usage.Overwrote(old);
        }

        Usage.Took(header.Slots.Count);
        _hasApplied = true;
    }

    private async Task PutAsync(LogBatch batch, CancellationToken cancellationToken)
    {
        var header = writer.Header(ObjectMarks.None) with
        {
            Trims = batch.Trims,
            LogPosition = batch.End,
            Size = batch.Size ?? writer.Size,
        };
        using (var buffer = new ObjectBuffer(header.Sequence, batch.Trims.Count, batch.Writes.Count))
        {
            foreach (var (block, location) in batch.Writes)
            {
                Read(location, buffer.NextContent);
                buffer.Add(SlotKey.Block(block), location.Checksum);
            }

            header = buffer.Complete(header);
            await writer.AppendAsync(header, buffer.Finish(header), cancellationToken);
        }

        await writer.PersistAsync(async () => { await ApplyAsync(header, cancellationToken); return true; }, cancellationToken);
        log.Release(batch.End);
    }

    private async Task SnapshotAsync(string id, ulong end, CancellationToken cancellationToken)
    {
        if (!log.Forgets(id))
        {
            if (NeedsCheckpoint)
                await CheckpointAsync(ObjectMarks.None, cancellationToken);
            var root = new RootRecord
            {
                Sequence = writer.Checkpoint,
                Root = map.Root.Bits,
                Size = writer.Size,
                Created = time.GetUtcNow(),
            };
            // One that is there was put before the host failed.
            await writer.PersistAsync(
                () => blobs.PutRecordAsync(
                    VolumeNames.Root(volume, id), root, VolumeJson.Default.RootRecord, BlobCondition.IfAbsent, cancellationToken),
                cancellationToken);
        }

        // Only an object says that the marker has been passed; before that, recovery comes to it again.
        await writer.AppendAsync(writer.Header(ObjectMarks.None) with { LogPosition = end }, cancellationToken);
        log.Release(end);
    }

    /// <summary>After a step that was cut off nobody here knows whether its object was put: only recovery finds out.</summary>
    private void Begin()
    {
        if (_isCutOff)
            throw new VolumeException(VolumeError.Closed, $"The last step of volume {volume} was cut off.");
        _isCutOff = true;
    }

    private async Task ReadPagesAsync(ObjectHeader header, CancellationToken cancellationToken)
    {
        var missing = header.Slots.Where(slot => slot.Level == 0 && !map.TryFind(slot.Index, out _))
            .DistinctBy(slot => slot.Parent).ToList();
        await Parallel.ForEachAsync(
            missing,
            new ParallelOptions { MaxDegreeOfParallelism = MaxReads, CancellationToken = cancellationToken },
            async (slot, token) => await map.FindAsync(slot, token));
    }

    private async Task PutHintAsync(CancellationToken cancellationToken)
    {
        try
        {
            await blobs.PutRecordAsync(
                VolumeNames.Hint(volume), new HintRecord { Checkpoint = writer.Checkpoint }, VolumeJson.Default.HintRecord,
                BlobCondition.None, cancellationToken);
        }
        catch (IOException)
        {
            // Without it a recovery lists more names.
        }
    }

    private static void Read(in LogLocation location, Span<byte> content)
    {
        if (location.Segment.Read(location.Offset, content) != content.Length || Crc32C.Compute(content) != location.Checksum)
            throw new InvalidDataException($"{location.Segment.Path} is damaged at {location.Offset}.");
    }
}
