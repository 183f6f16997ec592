using System.Runtime.InteropServices;
using CloudLab.Storage.Blobs;
using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Objects;

/// <summary>Appends objects to a volume's stream, one at a time, until another writer has begun.</summary>
/// <remarks>
/// Put-if-absent under the next sequence's name is what shuts an older writer out: the first object of each writer is a fence, which
/// is never collected, and whoever meets an object that is not its own writes no more. A put whose answer was lost is told by the
/// writer's nonce in the object that stands there.
/// </remarks>
/// <param name="blobs">The store.</param>
/// <param name="volume">The volume.</param>
/// <param name="epoch">The epoch it was opened with.</param>
/// <param name="time">Dates objects and spaces retries.</param>
internal sealed class ObjectWriter(IBlobStore blobs, string volume, ulong epoch, TimeProvider time)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private readonly Guid _writer = Guid.NewGuid();

    /// <summary>The sequence of the object that is put next.</summary>
    public ulong Next { get; set; }

    /// <summary>The sequence of the newest checkpoint.</summary>
    public ulong Checkpoint { get; set; }

    /// <summary>The size of the volume in bytes, as of the objects so far.</summary>
    public ulong Size { get; set; }

    /// <summary>The log that is packed.</summary>
    public Guid LogId { get; set; }

    /// <summary>Everything before this position of the log has been put.</summary>
    public ulong LogPosition { get; set; }

    /// <summary>Why the last attempt did not succeed; null while the store answers.</summary>
    public string? Trouble { get; private set; }

    public long BytesPut { get; private set; }

    /// <summary>What the next object says of itself; the caller adds what is in it.</summary>
    public ObjectHeader Header(ObjectMarks marks) => new()
    {
        Sequence = Next,
        Marks = marks,
        Epoch = epoch,
        Writer = _writer,
        LogId = LogId,
        LogPosition = LogPosition,
        Checkpoint = marks.HasFlag(ObjectMarks.Checkpoint) ? Next : Checkpoint,
        Size = Size,
        Time = time.GetUtcNow(),
    };

    /// <summary>Puts the next object, however long the store needs, and goes on to the one after.</summary>
    /// <exception cref="VolumeException">Another writer has begun (<see cref="VolumeError.Fenced"/>).</exception>
    public async Task AppendAsync(ObjectHeader header, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var inTheWay = await PersistAsync(() => TryAppendAsync(header.Sequence, bytes, cancellationToken), cancellationToken);
        if (inTheWay is not null)
            throw new VolumeException(VolumeError.Fenced, $"Volume {volume} was opened with epoch {inTheWay.Epoch} by another.");
        Took(header, bytes.Length);
    }

    /// <summary>Puts an object without slots.</summary>
    public async Task AppendAsync(ObjectHeader header, CancellationToken cancellationToken)
    {
        using var buffer = new ObjectBuffer(header.Sequence, header.Trims.Count, 0);
        await AppendAsync(header, buffer.Finish(header), cancellationToken);
    }

    /// <summary>Tries once to put the first object of this writer.</summary>
    /// <returns>What stands in its place; null when it was put.</returns>
    public async Task<ObjectHeader?> TryFenceAsync(CancellationToken cancellationToken)
    {
        var header = Header(ObjectMarks.Fence);
        using var buffer = new ObjectBuffer(Next, 0, 0);
        var bytes = buffer.Finish(header);
        if (await TryAppendAsync(Next, bytes, cancellationToken) is { } inTheWay)
            return inTheWay;
        Took(header, bytes.Length);
        return null;
    }

    /// <summary>Repeats what the store did not answer, ever more slowly.</summary>
    public async Task<T> PersistAsync<T>(Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        for (var delay = FirstDelay; ; delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay)
        {
            try
            {
                var result = await attempt();
                Trouble = null;
                return result;
            }
            catch (IOException e)
            {
                Trouble = e.Message;
            }

            await Task.Delay(delay, time, cancellationToken);
        }
    }

    private async Task<ObjectHeader?> TryAppendAsync(ulong sequence, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var name = VolumeNames.Object(volume, sequence);
        var array = MemoryMarshal.TryGetArray(bytes, out var segment) ? segment : new(bytes.ToArray());
        using var content = new MemoryStream(array.Array!, array.Offset, array.Count, writable: false);
        var put = await blobs.PutAsync(name, content, BlobCondition.IfAbsent, cancellationToken);
        if (put.IsOk)
            return null;
        if (put.Error != BlobError.ConditionFailed)
            throw new InvalidDataException($"{name}: {put.Error}");
        var there = await blobs.TryReadHeaderAsync(name, cancellationToken) ?? throw new IOException($"{name} was there and is not.");
        return there.Writer == _writer ? null : there;
    }

    private void Took(ObjectHeader header, int length)
    {
        (Checkpoint, LogPosition, Size) = (header.Checkpoint, header.LogPosition, header.Size);
        BytesPut += length;
        Next = header.Sequence + 1;
    }
}
