namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A bucket to be made.</summary>
public sealed record BucketCreation
{
    public required string Name { get; init; }

    public required string OwnerId { get; init; }

    public string Region { get; init; } = "";

    /// <summary>Configuration documents by kind that are there from the first moment (an ACL, object ownership).</summary>
    public IReadOnlyDictionary<string, byte[]> Configuration { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>Limits of the owner; only <see cref="StoreQuota.Buckets"/> matters here.</summary>
    public StoreQuota Quota { get; init; } = StoreQuota.None;
}
