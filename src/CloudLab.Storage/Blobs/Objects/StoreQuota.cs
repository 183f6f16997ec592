namespace CloudLab.Storage.Blobs.Objects;

/// <summary>What an owner may have, checked at the moment of a commit against <see cref="StoreUsage"/>; null is no limit.</summary>
/// <param name="Bytes">Bytes of all versions and of the parts of unfinished uploads.</param>
/// <param name="Objects">Versions (delete markers included) and parts of unfinished uploads.</param>
/// <param name="Buckets">Buckets.</param>
public sealed record StoreQuota(long? Bytes = null, long? Objects = null, long? Buckets = null)
{
    /// <summary>No limits.</summary>
    public static StoreQuota None { get; } = new();
}
