namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A page of versions.</summary>
/// <param name="Versions">Versions and delete markers: by key, the newest first.</param>
/// <param name="CommonPrefixes">What the delimiter rolled up.</param>
/// <param name="IsTruncated">Whether there is more.</param>
/// <param name="NextKeyMarker">The key, or common prefix, to continue after; null on the last page.</param>
/// <param name="NextVersionIdMarker">The version to continue after; null on the last page and after a common prefix.</param>
public sealed record VersionPage(
    IReadOnlyList<ObjectVersion> Versions,
    IReadOnlyList<string> CommonPrefixes,
    bool IsTruncated,
    string? NextKeyMarker,
    string? NextVersionIdMarker);
