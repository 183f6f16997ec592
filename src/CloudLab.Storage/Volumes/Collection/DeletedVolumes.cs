using CloudLab.Storage.Blobs;
using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Objects;

namespace CloudLab.Storage.Volumes.Collection;

/// <summary>Frees what deleted volumes took, as far as no snapshot and no clone names it. What is cut off is taken up again.</summary>
internal sealed class DeletedVolumes(IBlobStore blobs, SharedParts shared)
{
    /// <summary>Looks at every volume that is marked as deleted.</summary>
    public async Task CollectAllAsync(CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        await foreach (var blob in blobs.ListAsync(VolumeNames.All, null, cancellationToken))
        {
            if (blob.Name.EndsWith("/deleted", StringComparison.Ordinal))
                ids.Add(blob.Name[VolumeNames.All.Length..^"/deleted".Length]);
        }

        foreach (var id in ids.Where(VolumeNames.IsId))
            await CollectAsync(id, cancellationToken);
    }

    /// <summary>Frees what it can of one volume that is marked as deleted, and of its origin if that was waiting for it.</summary>
    public async Task CollectAsync(string id, CancellationToken cancellationToken)
    {
        while (id.Length > 0 && (await blobs.HeadAsync(VolumeNames.Deleted(id), cancellationToken)).IsOk)
            id = await CollectOneAsync(id, cancellationToken) ?? "";
    }

    /// <returns>The origin, which has lost a root; null if this volume is still held, or had none.</returns>
    private async Task<string?> CollectOneAsync(string id, CancellationToken cancellationToken)
    {
        var record = await VolumeStore.ReadRecordAsync(blobs, id, cancellationToken);
        if (record is not null && await Collector.HasRootsAsync(blobs, id, cancellationToken))
        {
            var slots = new SlotReader([shared.ObjectsOf(id), .. record.Ancestors.Select(shared.ObjectsOf)], shared.Cache);
            await new Collector(blobs, slots, head: null).RunAsync(cancellationToken);
            return null;
        }

        foreach (var prefix in (string[])[VolumeNames.Log(id), VolumeNames.Packed(id), VolumeNames.Hint(id)])
            await DeleteAllAsync(prefix, cancellationToken);
        var origin = record is { Ancestors: [var first, ..] } ? first : null;
        if (origin is not null)
            await blobs.DeleteAsync(VolumeNames.CloneRoot(origin, id), cancellationToken);
        // The record tells whose root to remove, the mark that there is something to do: they go last, in this order.
        await blobs.DeleteAsync(VolumeNames.Record(id), cancellationToken);
        await blobs.DeleteAsync(VolumeNames.Deleted(id), cancellationToken);
        shared.Forget(id);
        return origin;
    }

    private async Task DeleteAllAsync(string prefix, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var blob in blobs.ListAsync(prefix, null, cancellationToken))
            names.Add(blob.Name);
        foreach (var name in names)
            await blobs.DeleteAsync(name, cancellationToken);
    }
}
