using CloudLab.Storage.Blobs;
using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Objects;

/// <summary>The newest object of a volume's stream.</summary>
/// <param name="Sequence">Its sequence; 0 where there is none.</param>
/// <param name="Header">What it says.</param>
internal sealed record StreamTail(ulong Sequence, ObjectHeader? Header)
{
    /// <summary>Lists what comes after the checkpoint that the hint names, or everything if there is no hint.</summary>
    public static async Task<StreamTail> FindAsync(IBlobStore blobs, string volume, CancellationToken cancellationToken)
    {
        var hint = await blobs.TryReadRecordAsync(VolumeNames.Hint(volume), VolumeJson.Default.HintRecord, cancellationToken);
        ulong last = 0;
        if (hint is { Checkpoint: > 0 } && hint.IsValid())
            last = await LastAsync(blobs, volume, hint.Checkpoint - 1, cancellationToken);
        if (last == 0)
            last = await LastAsync(blobs, volume, 0, cancellationToken);
        if (last == 0)
            return new(0, null);
        return await blobs.TryReadHeaderAsync(VolumeNames.Object(volume, last), cancellationToken) is { } header && header.Sequence == last
            ? new(last, header) : throw new InvalidDataException($"{VolumeNames.Object(volume, last)} is not what its name says.");
    }

    private static async Task<ulong> LastAsync(IBlobStore blobs, string volume, ulong after, CancellationToken cancellationToken)
    {
        ulong last = 0;
        await foreach (var blob in blobs.ListAsync(VolumeNames.Log(volume), VolumeNames.Object(volume, after), cancellationToken))
            last = VolumeNames.TryParseObject(volume, blob.Name) ?? last;
        return last;
    }
}
