using System.Text.Json.Serialization;

namespace CloudLab.Storage.Volumes.Formats;

/// <summary>A state of a volume that is held: the object <c>volumes/{id}/roots/{snapshot}</c> or <c>…/{clone}.clone</c>, JSON.</summary>
internal sealed record RootRecord
{
    [JsonRequired]
    public int Version { get; init; } = 1;

    /// <summary>The sequence of the checkpoint with the root; 0 for what the volume began with.</summary>
    [JsonRequired]
    public ulong Sequence { get; init; }

    /// <summary>The root of the map.</summary>
    [JsonRequired]
    public ulong Root { get; init; }

    /// <summary>The size of the volume then, in bytes.</summary>
    [JsonRequired]
    public ulong Size { get; init; }

    [JsonRequired]
    public DateTimeOffset Created { get; init; }

    public bool IsValid() => Version == 1 && Size is >= VolumeGeometry.MinBytes and <= VolumeGeometry.MaxBytes && Sequence <= MapEntry.MaxSequence;
}
