using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A version that a read has found.</summary>
internal sealed record FoundVersion(BucketRecord Bucket, VersionRecord Record, bool IsLatest);
