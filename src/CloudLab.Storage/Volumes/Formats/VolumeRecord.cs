using System.Text.Json.Serialization;

namespace CloudLab.Storage.Volumes.Formats;

/// <summary>What never changes of a volume: the object <c>volumes/{id}/volume</c>, JSON.</summary>
internal sealed record VolumeRecord
{
    [JsonRequired]
    public int Version { get; init; } = 1;

    /// <summary>The size in bytes at its creation; objects of the stream carry what it has grown to.</summary>
    [JsonRequired]
    public ulong Size { get; init; }

    /// <summary>512 or 4096.</summary>
    [JsonRequired]
    public int SectorSize { get; init; }

    /// <summary>The volume that this one was cloned from, that one's origin, and so on; empty for none.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Ancestors { get; init; } = [];

    /// <summary>The map's root at the beginning, its generation already counted from this volume.</summary>
    [JsonRequired]
    public ulong Root { get; init; }

    [JsonRequired]
    public DateTimeOffset Created { get; init; }

    public bool IsValid() =>
        Version == 1 && Size is >= VolumeGeometry.MinBytes and <= VolumeGeometry.MaxBytes && SectorSize is 512 or VolumeGeometry.BlockBytes
        && Ancestors is { Count: <= MapEntry.MaxGeneration } && Ancestors.All(id => id is not null && VolumeNames.IsId(id))
        && new MapEntry(Root).Generation <= Ancestors.Count;
}
