namespace CloudLab.Storage.Blobs.Objects;

/// <summary>What a deletion did; one of what was not there succeeds and does nothing.</summary>
/// <param name="VersionId">The version removed, or the delete marker made; null when the bucket has never been versioned.</param>
/// <param name="IsDeleteMarker">Whether a delete marker was made, or removed.</param>
public sealed record DeleteOutcome(string? VersionId, bool IsDeleteMarker);
