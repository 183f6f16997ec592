using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3;

/// <summary>What owners of buckets may have.</summary>
internal interface IS3Quotas
{
    /// <summary>The limits of an owner by its canonical user id.</summary>
    ValueTask<StoreQuota> FindAsync(string ownerId, CancellationToken cancellationToken);
}
