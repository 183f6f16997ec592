namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Which buckets to list.</summary>
public sealed record BucketListing
{
    /// <summary>Only this account's; null for all.</summary>
    public string? OwnerId { get; init; }

    public string Prefix { get; init; } = "";

    /// <summary>Only names after this one, exclusive.</summary>
    public string? StartAfter { get; init; }

    public int MaxBuckets { get; init; } = 10_000;
}
