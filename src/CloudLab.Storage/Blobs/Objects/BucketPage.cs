namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A page of buckets in byte order of their names.</summary>
/// <param name="Buckets">The buckets.</param>
/// <param name="Next">The name to start after for the next page; null on the last.</param>
public sealed record BucketPage(IReadOnlyList<Bucket> Buckets, string? Next);
