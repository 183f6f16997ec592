using System.Text.Json.Serialization;

namespace CloudLab.Storage.Volumes.Formats;

/// <summary>Where the search for the newest checkpoint may begin: the object <c>volumes/{id}/hint</c>, JSON.</summary>
/// <remarks>It may be old or missing: then more names are listed.</remarks>
internal sealed record HintRecord
{
    [JsonRequired]
    public int Version { get; init; } = 1;

    /// <summary>The sequence of a checkpoint.</summary>
    [JsonRequired]
    public ulong Checkpoint { get; init; }

    public bool IsValid() => Version == 1 && Checkpoint <= MapEntry.MaxSequence;
}
