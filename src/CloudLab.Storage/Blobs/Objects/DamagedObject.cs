namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Stored bytes that were found not to match their checksum. They stay listed, and answer <see cref="StoreError.Damaged"/>.</summary>
/// <param name="Bucket">The bucket's name; empty when it is gone.</param>
/// <param name="Key">The key.</param>
/// <param name="VersionId">The version, or null for a part of an unfinished upload.</param>
/// <param name="Found">When it was found, UTC.</param>
/// <param name="Reason">What does not fit, for an operator.</param>
/// <param name="QuarantinePath">Where the file was moved to, or null when the bytes stand in the index.</param>
public sealed record DamagedObject(
    string Bucket, string Key, string? VersionId, DateTimeOffset Found, string Reason, string? QuarantinePath);
