namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A page of unfinished uploads.</summary>
/// <param name="Uploads">By key, then by the time they were created.</param>
/// <param name="CommonPrefixes">What the delimiter rolled up.</param>
/// <param name="IsTruncated">Whether there is more.</param>
/// <param name="NextKeyMarker">The key, or common prefix, to continue after; null on the last page.</param>
/// <param name="NextUploadIdMarker">The upload to continue after; null on the last page and after a common prefix.</param>
public sealed record UploadPage(
    IReadOnlyList<MultipartUpload> Uploads,
    IReadOnlyList<string> CommonPrefixes,
    bool IsTruncated,
    string? NextKeyMarker,
    string? NextUploadIdMarker);
