using System.Buffers;
using CloudLab.Storage.Volumes.Collection;
using CloudLab.Storage.Volumes.Drain;
using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Io;
using CloudLab.Storage.Volumes.Log;

namespace CloudLab.Storage.Volumes;

/// <summary>An open volume: a disk whose content is in the blob store, with what was written last in a local log.</summary>
/// <remarks>
/// <code>
/// write ─▶ local log ─▶ drainer ─▶ object of 8 MiB ─▶ map ─▶ checkpoint
/// read  ◀─ local log ◀─ cache ◀──── blob store  ◀──── map
/// </code>
/// Calls overlap and complete in any order; none is implied. A flush covers the writes that had completed before it was called. Whole
/// sectors are written at once or not at all. Expected failures are values; a volume that failed takes no more writes until it is
/// opened anew. Methods may be called from any thread.
/// </remarks>
public sealed class Volume : IAsyncDisposable
{
    private readonly VolumeParts _parts;
    private readonly BlockReader _reader;
    private readonly BlockWriter _writer;
    private readonly LogSyncer _syncer;
    private readonly DrainLoop _drain;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _ending = new(1, 1);
    private readonly CancellationTokenSource _abandon = new();
    private readonly Lock _failing = new();
    private VolumeError? _failure;
    private ulong _size;
    private int _requests;
    private int _disposed;

    internal Volume(VolumeParts parts)
    {
        _parts = parts;
        _size = parts.Size;
        _reader = new BlockReader(parts.Log, parts.Map, parts.Slots);
        _writer = new BlockWriter(parts.Log, _reader);
        _syncer = new LogSyncer(parts.Log);
        _drain = new DrainLoop(parts.Log, parts.Drainer, parts.Options.DrainInterval, parts.Time, CollectAsync, Fail);
        _drain.Start();
        if (parts.Log.Markers() is [.., var last])
            _drain.Want(last.Position + 1);
    }

    /// <summary>Its id.</summary>
    public string Id => _parts.Id;

    /// <summary>The size in bytes.</summary>
    public ulong Size => Volatile.Read(ref _size);

    /// <summary>The logical sector size in bytes: 512 or 4096.</summary>
    public int SectorSize => _parts.SectorSize;

    /// <summary>How it is.</summary>
    public VolumeStatus Status =>
        new(_failure, _parts.Writer.Trouble, _parts.Log.Pending, _parts.Writer.BytesPut);

    /// <summary>Raised after <see cref="Size"/> grew.</summary>
    public event Action? SizeChanged;

    /// <summary>Fills <paramref name="buffers"/> in order from byte <paramref name="offset"/>; whole sectors within the volume.</summary>
    /// <returns>Null when it is done.</returns>
    public async ValueTask<VolumeError?> ReadAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers, CancellationToken cancellationToken)
    {
        var length = GuestBuffers.LengthOf(buffers);
        if ((Check(offset, (ulong)length) ?? Enter(isChange: false)) is { } error)
            return error;
        try
        {
            await ReadPiecesAsync(offset, length, buffers, cancellationToken);
            return null;
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return Refused(e);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Writes <paramref name="buffers"/> in order from byte <paramref name="offset"/>; whole sectors within the volume.</summary>
    /// <returns>Null when later reads see it.</returns>
    public ValueTask<VolumeError?> WriteAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers, CancellationToken cancellationToken)
    {
        var length = GuestBuffers.LengthOf(buffers);
        return ChangeAsync(offset, (ulong)length, () => _writer.WriteAsync(offset, length, buffers, cancellationToken), cancellationToken);
    }

    /// <summary>The range's content is of no more use. Whole blocks of 4096 bytes read as zeroes afterwards, the rest stays.</summary>
    /// <returns>Null when it is done.</returns>
    public ValueTask<VolumeError?> DiscardAsync(ulong offset, ulong length, CancellationToken cancellationToken) =>
        ChangeAsync(offset, length, () => { TrimWhole(offset, length); return default; }, cancellationToken);

    /// <summary>The range reads as zeroes afterwards.</summary>
    /// <returns>Null when it is done.</returns>
    public ValueTask<VolumeError?> WriteZeroesAsync(ulong offset, ulong length, CancellationToken cancellationToken) =>
        ChangeAsync(offset, length, () => ZeroAsync(offset, length, cancellationToken), cancellationToken);

    /// <summary>Completes when every write that completed before survives: power loss, or the loss of the host, as the volume was opened.</summary>
    /// <returns>Null when it does.</returns>
    public ValueTask<VolumeError?> FlushAsync(CancellationToken cancellationToken) => FlushAsync(_parts.Durability, cancellationToken);

    /// <summary>Completes when everything written before is in the blob store.</summary>
    /// <returns>Null when it is.</returns>
    public ValueTask<VolumeError?> DrainAsync(CancellationToken cancellationToken) =>
        FlushAsync(VolumeDurability.Store, cancellationToken);

    /// <summary>Grows the volume. Durable as by a flush when it returns.</summary>
    /// <param name="size">Bytes, a multiple of the sector size, not less than <see cref="Size"/>, at most 16 TiB.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Null when it has grown.</returns>
    public async ValueTask<VolumeError?> ResizeAsync(ulong size, CancellationToken cancellationToken)
    {
        if (size < Size || size > VolumeGeometry.MaxBytes || size % (ulong)SectorSize != 0)
            return VolumeError.Invalid;
        var error = await ChangeAsync(0, 0, () => { _writer.Append(LogRecord.Resize(size)); return default; }, cancellationToken)
            ?? await FlushAsync(cancellationToken);
        if (error is not null)
            return error;
        Volatile.Write(ref _size, size);
        SizeChanged?.Invoke();
        return null;
    }

    /// <summary>Fixes the state after all writes that completed before as a snapshot, pending; the same id again is the same snapshot.</summary>
    /// <returns>Null when the snapshot survives as flushed data does.</returns>
    public async ValueTask<VolumeError?> SnapshotAsync(string id, CancellationToken cancellationToken)
    {
        if (!VolumeNames.IsId(id))
            return VolumeError.Invalid;
        var end = 0UL;
        var error = await ChangeAsync(0, 0, () => { end = _writer.Append(LogRecord.Snapshot(id)); return default; }, cancellationToken)
            ?? await FlushAsync(VolumeDurability.Host, cancellationToken);
        if (error is null)
            _drain.Want(end);
        return error;
    }

    /// <summary>The snapshots that are not completed yet, oldest first.</summary>
    public IReadOnlyList<VolumeSnapshot> PendingSnapshots() => [.. _parts.Log.Markers().Select(marker =>
        new VolumeSnapshot(marker.Id, false, (long)(marker.Position - Math.Min(marker.Position, _parts.Log.Released)), Size, _parts.Time.GetUtcNow()))];

    /// <summary>A snapshot that waits is not wanted any more.</summary>
    internal async ValueTask<VolumeError?> ForgetSnapshotAsync(string id, CancellationToken cancellationToken)
    {
        if (_parts.Log.Markers().All(marker => marker.Id != id))
            return null;
        // Durable, and not while the drainer may be making it: afterwards its root is there or never will be.
        return await ChangeAsync(0, 0, () => { _writer.Append(LogRecord.Forget(id)); return default; }, cancellationToken)
            ?? await FlushAsync(VolumeDurability.Host, cancellationToken)
            ?? await BetweenStepsAsync<VolumeError?>(() => null, cancellationToken);
    }

    /// <summary>Frees what was overwritten and nothing names.</summary>
    internal async Task<CollectionOutcome> CollectAsync(CancellationToken cancellationToken)
    {
        var head = await BetweenStepsAsync(() => new HeldState(_parts.Writer.Checkpoint, _parts.Map.Root), cancellationToken);
        var outcome = await new Collector(_parts.Blobs, _parts.Slots, head).RunAsync(cancellationToken);
        _parts.Drainer.Usage.Collected(outcome.SlotsAfter);
        return outcome;
    }

    /// <summary>Lets everything go to the blob store and closes the volume: no log is left, and any host can open it.</summary>
    /// <returns>Null when it is closed so; otherwise it is still open, or has failed.</returns>
    public async Task<VolumeError?> CloseAsync(CancellationToken cancellationToken)
    {
        if (await DrainAsync(cancellationToken) is { } error)
            return error;
        await _ending.WaitAsync(cancellationToken);
        try
        {
            if (_disposed != 0)
                return VolumeError.Closed;
            await RefuseAsync();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _abandon.Token);
            // Not by stopping the loop: a step that is cut off leaves open what is in the store.
            await _drain.BetweenStepsAsync(FinishAsync, either.Token);
            _parts.RemoveLog = true;
            return null;
        }
        catch (Exception e) when (e is VolumeException or InvalidDataException or IOException)
        {
            return ErrorOf(e);
        }
        finally
        {
            _ending.Release();
            await DisposeAsync();
        }
    }

    /// <summary>Closes the volume as it is: what is not in the blob store stays in the log, for the next opening on this host.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _ended.TrySetResult();
        await _abandon.CancelAsync();
        await _ending.WaitAsync();
        await RefuseAsync();
        await _drain.StopAsync();
        _drain.Dispose();
        _syncer.Dispose();
        _parts.Dispose();
        _ending.Release();
    }

    private async Task<bool> FinishAsync(CancellationToken cancellationToken)
    {
        while (await _parts.Drainer.StepAsync(cancellationToken))
        {
        }

        await _parts.Drainer.CloseAsync(cancellationToken);
        return true;
    }

    /// <summary>Looks at the drainer's state while nothing is under way.</summary>
    /// <exception cref="VolumeException">The volume is closed, or has failed.</exception>
    private async Task<T> BetweenStepsAsync<T>(Func<T> look, CancellationToken cancellationToken)
    {
        if (Enter(isChange: true) is { } error)
            throw new VolumeException(error, $"Volume {Id} takes no more requests.");
        try
        {
            return await _drain.BetweenStepsAsync(_ => Task.FromResult(look()), cancellationToken);
        }
        finally
        {
            Leave();
        }
    }

    private async ValueTask<VolumeError?> FlushAsync(VolumeDurability durability, CancellationToken cancellationToken)
    {
        if (Enter(isChange: true) is { } error)
            return error;
        var end = _parts.Log.End;
        try
        {
            if (durability == VolumeDurability.Store)
                return await WaitForAsync(() => _parts.Log.Released >= end, () => _drain.Want(end), cancellationToken);
            await _syncer.ReachAsync(end);
            return null;
        }
        catch (IOException e)
        {
            Fail(new VolumeException(VolumeError.LogFailed, "The local log cannot be made durable.", e));
            return VolumeError.LogFailed;
        }
        finally
        {
            Leave();
        }
    }

    private async ValueTask<VolumeError?> ChangeAsync(
        ulong offset, ulong length, Func<ValueTask> change, CancellationToken cancellationToken)
    {
        if ((Check(offset, length) ?? Enter(isChange: true)) is { } error)
            return error;
        try
        {
            if (await WaitForAsync(() => !_parts.Log.IsFull(_parts.Options.LogBytes), () => _drain.Want(_parts.Log.End), cancellationToken) is { } ended)
                return ended;
            await change();
            _drain.Appended();
            return null;
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return Refused(e);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Waits until the log was released far enough.</summary>
    private async ValueTask<VolumeError?> WaitForAsync(Func<bool> isEnough, Action wake, CancellationToken cancellationToken)
    {
        while (true)
        {
            var release = _parts.Log.NextRelease;
            if (isEnough())
                return null;
            if (_ended.Task.IsCompleted)
                return _failure ?? VolumeError.Closed;
            wake();
            await Task.WhenAny(release, _ended.Task).WaitAsync(cancellationToken);
        }
    }

    private async ValueTask ReadPiecesAsync(
        ulong offset, long length, IReadOnlyList<Memory<byte>> buffers, CancellationToken cancellationToken)
    {
        var target = new GuestBuffers(buffers);
        var end = offset + (ulong)length;
        while (offset < end)
        {
            var first = offset / VolumeGeometry.BlockBytes;
            var blocks = (int)Math.Min(VolumeGeometry.BlocksOf(end) - first, LogFormat.MaxBlocks);
            var content = ArrayPool<byte>.Shared.Rent(blocks * VolumeGeometry.BlockBytes);
            try
            {
                await _reader.ReadAsync(first, blocks, content, cancellationToken);
                var within = (int)(offset % VolumeGeometry.BlockBytes);
                var bytes = (int)Math.Min(((ulong)blocks * VolumeGeometry.BlockBytes) - (ulong)within, end - offset);
                target.Scatter(content.AsSpan(within, bytes));
                offset += (ulong)bytes;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(content);
            }
        }
    }

    private async ValueTask ZeroAsync(ulong offset, ulong length, CancellationToken cancellationToken)
    {
        var end = offset + length;
        var wholeFrom = VolumeGeometry.BlocksOf(offset) * VolumeGeometry.BlockBytes;
        var wholeTo = end / VolumeGeometry.BlockBytes * VolumeGeometry.BlockBytes;
        if (wholeFrom >= wholeTo)
        {
            await _writer.WriteAsync(offset, (long)length, [new byte[length]], cancellationToken);
            return;
        }

        if (offset < wholeFrom)
            await _writer.WriteAsync(offset, (long)(wholeFrom - offset), [new byte[wholeFrom - offset]], cancellationToken);
        TrimWhole(offset, length);
        if (wholeTo < end)
            await _writer.WriteAsync(wholeTo, (long)(end - wholeTo), [new byte[end - wholeTo]], cancellationToken);
    }

    private void TrimWhole(ulong offset, ulong length)
    {
        var first = VolumeGeometry.BlocksOf(offset);
        var end = (offset + length) / VolumeGeometry.BlockBytes;
        if (first < end)
            _writer.Append(LogRecord.Trim(first, end - first));
    }

    private VolumeError? Check(ulong offset, ulong length) =>
        offset % (ulong)SectorSize != 0 || length % (ulong)SectorSize != 0 || offset > Size || length > Size - offset
            ? VolumeError.Invalid : null;

    /// <summary>Begins a request, unless the volume takes none of its kind.</summary>
    private VolumeError? Enter(bool isChange)
    {
        lock (_failing)
        {
            if (_failure is { } failure && (isChange || failure == VolumeError.Closed))
                return failure;
            _requests++;
            return null;
        }
    }

    private void Leave()
    {
        lock (_failing)
        {
            if (--_requests == 0 && _failure == VolumeError.Closed)
                _idle.TrySetResult();
        }
    }

    /// <summary>Takes no more requests and waits for those under way.</summary>
    private Task RefuseAsync()
    {
        lock (_failing)
        {
            _failure = VolumeError.Closed;
            return _requests == 0 ? Task.CompletedTask : _idle.Task;
        }
    }

    /// <summary>A request met damage or a store that does not answer. Where there is damage, nothing more is written.</summary>
    private VolumeError Refused(Exception e)
    {
        if (e is InvalidDataException)
            Fail(e);
        return ErrorOf(e);
    }

    private void Fail(Exception e)
    {
        lock (_failing)
            _failure ??= ErrorOf(e);
        _parts.Failed(Id, e);
        _ended.TrySetResult();
    }

    private static VolumeError ErrorOf(Exception e) => e switch
    {
        VolumeException known => known.Error,
        InvalidDataException => VolumeError.Corrupted,
        _ => VolumeError.Unavailable,
    };
}
