namespace CloudLab.Storage.Blobs.Objects;

/// <summary>An unfinished multipart upload.</summary>
/// <param name="UploadId">32 hexadecimal digits; ids of one key are ordered by their creation.</param>
/// <param name="Bucket">The bucket.</param>
/// <param name="Key">The key.</param>
/// <param name="Initiated">When it was created, UTC.</param>
/// <param name="InitiatorId">Who created it; opaque.</param>
/// <param name="Attributes">What the completed object will carry.</param>
/// <param name="ChecksumAlgorithm">The checksum that each part carries, or null.</param>
/// <param name="IsCompositeChecksum">Whether the completed object's checksum is that of its parts' checksums.</param>
public sealed record MultipartUpload(
    string UploadId,
    string Bucket,
    string Key,
    DateTimeOffset Initiated,
    string InitiatorId,
    ObjectAttributes Attributes,
    ChecksumAlgorithm? ChecksumAlgorithm,
    bool IsCompositeChecksum);
