using System.Collections.Concurrent;
using CloudLab.Storage.Blobs;
using CloudLab.Storage.Files;
using CloudLab.Storage.Volumes.Collection;
using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Log;
using CloudLab.Storage.Volumes.Objects;

namespace CloudLab.Storage.Volumes;

/// <summary>The volumes of a blob store, as one host sees them: creates, opens and deletes them and their snapshots.</summary>
/// <remarks>
/// Every operation can be repeated until it has its effect. Expected failures are values; a store that does not answer is
/// <see cref="VolumeError.Unavailable"/>. Methods may be called from any thread, but who deletes or collects a volume must know
/// that it is open nowhere else.
/// </remarks>
public sealed class VolumeStore : IAsyncDisposable
{
    private readonly IBlobStore _blobs;
    private readonly VolumeStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly DirectoryLock? _lock;
    private readonly SharedParts _shared;
    private readonly VolumeMetrics _metrics;
    private readonly ConcurrentDictionary<string, Volume?> _open = new(StringComparer.Ordinal);

    private VolumeStore(IBlobStore blobs, VolumeStoreOptions options, TimeProvider time, DirectoryLock? directoryLock)
    {
        (_blobs, _options, _time, _lock) = (blobs, options, time, directoryLock);
        _shared = new SharedParts(blobs, options);
        _metrics = new VolumeMetrics(
            () => _open.Count, () => _open.Values.Sum(volume => volume?.Status.PendingBytes ?? 0), () => _shared.Budget.Used);
    }

    /// <summary>Opens the store and takes its log directory.</summary>
    /// <param name="blobs">Where the volumes are; stays the caller's.</param>
    /// <param name="options">How it works.</param>
    /// <param name="time">Dates snapshots and spaces retries.</param>
    /// <exception cref="IOException">Another process has the log directory, or it cannot be made.</exception>
    public static VolumeStore Open(IBlobStore blobs, VolumeStoreOptions options, TimeProvider time)
    {
        // Simulated files belong to one test.
        var taken = options.Files is not OsFileLayer ? null : DirectoryLock.TryTake(options.LogDirectory)
            ?? throw new IOException($"Another process has the volumes' log directory {options.LogDirectory}.");
        options.Files.CreateDirectory(options.LogDirectory);
        options.Files.TrySyncDirectory(Path.GetDirectoryName(Path.GetFullPath(options.LogDirectory))!);
        return new VolumeStore(blobs, options, time, taken);
    }

    /// <summary>Creates a volume; the same again is the same volume.</summary>
    /// <returns>Null when it is there.</returns>
    public Task<VolumeError?> CreateAsync(VolumeCreation creation, CancellationToken cancellationToken) =>
        GuardAsync(() => new VolumeCreator(_blobs, _time).CreateAsync(creation, cancellationToken));

    /// <summary>Opens a volume and shuts out who had it before.</summary>
    /// <returns>The volume; or <see cref="VolumeError.Fenced"/>, <see cref="VolumeError.Undrained"/>, <see cref="VolumeError.Busy"/> and others.</returns>
    public async Task<VolumeResult<Volume>> OpenAsync(string id, VolumeOpening opening, CancellationToken cancellationToken)
    {
        if (!VolumeNames.IsId(id))
            return VolumeError.Invalid;
        if (!_open.TryAdd(id, null))
            return VolumeError.Busy;
        Volume? volume = null;
        VolumeError? error;
        try
        {
            error = await GuardAsync(OpenNowAsync);
        }
        finally
        {
            if (volume is null)
                _open.TryRemove(id, out _);
        }

        return volume is not null ? volume : error ?? VolumeError.Unavailable;

        async Task<VolumeError?> OpenNowAsync()
        {
            if (await ReadRecordAsync(_blobs, id, cancellationToken) is not { } record || await IsDeletedAsync(id, cancellationToken))
                return VolumeError.NotFound;
            var opener = new VolumeOpener(_blobs, _options, _shared, id, record, opening, _time);
            _open[id] = volume = new Volume(await opener.RunAsync(Failed, Closed, cancellationToken));
            return null;
        }
    }

    /// <summary>The completed snapshots of a volume, by id. Those that are pending are known to the volume where it is open.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    /// <exception cref="InvalidDataException">A record is damaged.</exception>
    public async Task<IReadOnlyList<VolumeSnapshot>> ListSnapshotsAsync(string volume, CancellationToken cancellationToken)
    {
        var snapshots = new List<VolumeSnapshot>();
        if (!VolumeNames.IsId(volume))
            return snapshots;
        await foreach (var blob in _blobs.ListAsync(VolumeNames.Roots(volume), null, cancellationToken))
        {
            if (VolumeNames.TryParseSnapshot(volume, blob.Name) is { } id && await GetSnapshotAsync(new(volume, id), cancellationToken) is { } snapshot)
                snapshots.Add(snapshot);
        }

        return snapshots;
    }

    /// <summary>A snapshot: completed, or pending where its volume is open here; null if there is none.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    /// <exception cref="InvalidDataException">Its record is damaged.</exception>
    public async Task<VolumeSnapshot?> GetSnapshotAsync(SnapshotReference reference, CancellationToken cancellationToken)
    {
        if (!VolumeNames.IsId(reference.Volume) || !VolumeNames.IsId(reference.Snapshot))
            return null;
        // Pending first: what is completed in between is found then.
        var pending = _open.TryGetValue(reference.Volume, out var open)
            ? open?.PendingSnapshots().FirstOrDefault(snapshot => snapshot.Id == reference.Snapshot) : null;
        var root = await _blobs.TryReadRecordAsync(
            VolumeNames.Root(reference.Volume, reference.Snapshot), VolumeJson.Default.RootRecord, cancellationToken);
        return root is null ? pending : new VolumeSnapshot(reference.Snapshot, true, 0, root.Size, root.Created);
    }

    /// <summary>Removes a snapshot, pending or completed. Its volume, other snapshots and clones stay whole.</summary>
    /// <returns>Null when it is gone.</returns>
    public Task<VolumeError?> DeleteSnapshotAsync(SnapshotReference reference, CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        if (!VolumeNames.IsId(reference.Volume) || !VolumeNames.IsId(reference.Snapshot))
            return VolumeError.Invalid;
        if (_open.TryGetValue(reference.Volume, out var open) && open is not null
            && await open.ForgetSnapshotAsync(reference.Snapshot, cancellationToken) is { } error)
            return error;
        await _blobs.DeleteAsync(VolumeNames.Root(reference.Volume, reference.Snapshot), cancellationToken);
        return null;
    });

    /// <summary>Deletes a volume that is open nowhere. What its snapshots and clones name stays until they go.</summary>
    /// <returns>
    /// Null when it is deleted; what it took may still have to be collected (<see cref="CollectDeletedAsync"/>).
    /// <see cref="VolumeError.Undrained"/> while its log here has a snapshot that is not completed: open and close it first.
    /// </returns>
    public Task<VolumeError?> DeleteAsync(string id, CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        if (!VolumeNames.IsId(id))
            return VolumeError.Invalid;
        if (!_open.TryAdd(id, null))
            return VolumeError.Busy;
        try
        {
            if (await ReadRecordAsync(_blobs, id, cancellationToken) is not null && !await IsDeletedAsync(id, cancellationToken))
            {
                if (await HasPendingSnapshotsAsync(id, cancellationToken))
                    return VolumeError.Undrained;
                using var nothing = new MemoryStream();
                await _blobs.PutAsync(VolumeNames.Deleted(id), nothing, BlobCondition.IfAbsent, cancellationToken);
            }

            LogFiles.RemoveAll(_options.Files, _options.LogDirectory, id, except: null);
            await new DeletedVolumes(_blobs, _shared).CollectAsync(id, cancellationToken);
            return null;
        }
        finally
        {
            _open.TryRemove(id, out _);
        }
    });

    /// <summary>Frees what an open volume has overwritten and no snapshot or clone names.</summary>
    /// <returns>Null when it is done, also where the volume is not open here.</returns>
    public Task<VolumeError?> CollectAsync(string id, CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        if (_open.TryGetValue(id, out var volume) && volume is not null)
            _metrics.Collected((await volume.CollectAsync(cancellationToken)).Deleted);
        return null;
    });

    /// <summary>Frees what deleted volumes took and nothing names any more; to be called every so often.</summary>
    /// <returns>Null when it is done.</returns>
    public Task<VolumeError?> CollectDeletedAsync(CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        await new DeletedVolumes(_blobs, _shared).CollectAllAsync(cancellationToken);
        return null;
    });

    /// <summary>Closes the volumes as they are and gives the log directory back.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var volume in _open.Values)
        {
            if (volume is not null)
                await volume.DisposeAsync();
        }

        _metrics.Dispose();
        _lock?.Dispose();
    }

    internal static async Task<VolumeRecord?> ReadRecordAsync(IBlobStore blobs, string id, CancellationToken cancellationToken)
    {
        var record = await blobs.TryReadRecordAsync(VolumeNames.Record(id), VolumeJson.Default.VolumeRecord, cancellationToken);
        return record is null || record.IsValid() ? record : throw new InvalidDataException($"{VolumeNames.Record(id)} is not valid.");
    }

    private async Task<bool> HasPendingSnapshotsAsync(string id, CancellationToken cancellationToken)
    {
        var tail = await StreamTail.FindAsync(_blobs, id, cancellationToken);
        if (tail.Header is not { } newest || newest.Marks.HasFlag(ObjectMarks.Clean))
            return false;
        var directory = LogFiles.Directory(_options.LogDirectory, id, newest.LogId);
        using var log = new LogRecovery(_options.Files, directory, newest.LogId, newest.LogPosition).TryRun();
        return log is not null && log.Markers().Any(marker => !log.Forgets(marker.Id));
    }

    private async Task<bool> IsDeletedAsync(string id, CancellationToken cancellationToken) =>
        (await _blobs.HeadAsync(VolumeNames.Deleted(id), cancellationToken)).IsOk;

    private static async Task<VolumeError?> GuardAsync(Func<Task<VolumeError?>> action)
    {
        try
        {
            return await action();
        }
        catch (VolumeException e)
        {
            return e.Error;
        }
        catch (InvalidDataException)
        {
            return VolumeError.Corrupted;
        }
        catch (IOException)
        {
            return VolumeError.Unavailable;
        }
    }

    private void Failed(string id, Exception e) => _metrics.Failed(e is VolumeException known ? known.Error : VolumeError.Corrupted);

    private void Closed(VolumeParts parts)
    {
        if (parts.RemoveLog)
            LogFiles.RemoveAll(_options.Files, _options.LogDirectory, parts.Id, except: null);
        _open.TryRemove(parts.Id, out _);
    }
}
