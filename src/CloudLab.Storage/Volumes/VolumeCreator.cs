using CloudLab.Storage.Blobs;
using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Objects;

namespace CloudLab.Storage.Volumes;

/// <summary>Puts the record of a new volume; that of a clone after a root in its origin that holds what it begins with.</summary>
internal sealed class VolumeCreator(IBlobStore blobs, TimeProvider time)
{
    public async Task<VolumeError?> CreateAsync(VolumeCreation creation, CancellationToken cancellationToken)
    {
        if (!VolumeNames.IsId(creation.Id) || creation.SectorSize is not (512 or VolumeGeometry.BlockBytes)
            || creation.Size is < VolumeGeometry.MinBytes or > VolumeGeometry.MaxBytes || creation.Size % (ulong)creation.SectorSize != 0)
            return VolumeError.Invalid;
        if (creation.Origin is { } reference && (!VolumeNames.IsId(reference.Volume) || !VolumeNames.IsId(reference.Snapshot)))
            return VolumeError.Invalid;
        if (await VolumeStore.ReadRecordAsync(blobs, creation.Id, cancellationToken) is { } there)
            return await CompareAsync(there, creation, cancellationToken);

        var record = new VolumeRecord { Size = creation.Size, SectorSize = creation.SectorSize, Created = time.GetUtcNow() };
        if (creation.Origin is { } origin)
        {
            if (await HoldAsync(creation, origin, cancellationToken) is not { } beginning)
                return VolumeError.NotFound;
            var ancestor = await VolumeStore.ReadRecordAsync(blobs, origin.Volume, cancellationToken)
                ?? throw new InvalidDataException($"Snapshot {origin.Snapshot} is there, its volume {origin.Volume} is not.");
            if (ancestor.Ancestors.Count == MapEntry.MaxGeneration)
                return await ReleaseAsync(creation, origin, VolumeError.TooDeep, cancellationToken);
            if (creation.Size < beginning.Size)
                return await ReleaseAsync(creation, origin, VolumeError.Invalid, cancellationToken);
            record = record with
            {
                Ancestors = [origin.Volume, .. ancestor.Ancestors],
                Root = new MapEntry(beginning.Root).Aged(1).Bits,
            };
        }

        return await blobs.PutRecordAsync(
            VolumeNames.Record(creation.Id), record, VolumeJson.Default.VolumeRecord, BlobCondition.IfAbsent, cancellationToken)
            ? null
            : await CompareAsync((await VolumeStore.ReadRecordAsync(blobs, creation.Id, cancellationToken))!, creation, cancellationToken);
    }

    private async Task<VolumeError?> CompareAsync(VolumeRecord there, VolumeCreation creation, CancellationToken cancellationToken) =>
        there.Size == creation.Size && there.SectorSize == creation.SectorSize
        && (there.Ancestors is [var parent, ..] ? parent : null) == creation.Origin?.Volume
        && !(await blobs.HeadAsync(VolumeNames.Deleted(creation.Id), cancellationToken)).IsOk
            ? null : VolumeError.Exists;

    /// <summary>Puts the clone's own root first and looks for the snapshot then: whoever deletes the snapshot in between leaves the root.</summary>
    private async Task<RootRecord?> HoldAsync(VolumeCreation creation, SnapshotReference origin, CancellationToken cancellationToken)
    {
        var snapshot = VolumeNames.Root(origin.Volume, origin.Snapshot);
        if (await blobs.TryReadRecordAsync(snapshot, VolumeJson.Default.RootRecord, cancellationToken) is not { } root)
            return null;
        var held = VolumeNames.CloneRoot(origin.Volume, creation.Id);
        await blobs.PutRecordAsync(held, root, VolumeJson.Default.RootRecord, BlobCondition.None, cancellationToken);
        if (await blobs.TryReadRecordAsync(snapshot, VolumeJson.Default.RootRecord, cancellationToken) is not null)
            return root;
        await blobs.DeleteAsync(held, cancellationToken);
        return null;
    }

    private async Task<VolumeError> ReleaseAsync(
        VolumeCreation creation, SnapshotReference origin, VolumeError error, CancellationToken cancellationToken)
    {
        await blobs.DeleteAsync(VolumeNames.CloneRoot(origin.Volume, creation.Id), cancellationToken);
        return error;
    }
}
