using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>What a transaction adds to and takes from the usage of a bucket and of its owner.</summary>
internal sealed class UsageChange
{
    public long Bytes { get; private set; }

    public long Objects { get; private set; }

    public void Add(long bytes)
    {
        Bytes += bytes;
        Objects++;
    }

    public void Remove(long bytes)
    {
        Bytes -= bytes;
        Objects--;
    }

    /// <summary>Enters the change, unless what grows would exceed the quota.</summary>
    public StoreFailure? Apply(IndexTransaction transaction, BucketRecord bucket, StoreQuota quota)
    {
        if (Bytes == 0 && Objects == 0)
            return null;
        var ownerKey = IndexKeys.OwnerUsage(bucket.Bucket.OwnerId);
        var owner = UsageRecord.Decode(ownerKey, transaction.Get(ownerKey));
        owner = owner with { Bytes = owner.Bytes + Bytes, Objects = owner.Objects + Objects };
        if (Bytes > 0 && owner.Bytes > quota.Bytes)
            return new StoreFailure(StoreError.QuotaExceeded, "bytes");
        if (Objects > 0 && owner.Objects > quota.Objects)
            return new StoreFailure(StoreError.QuotaExceeded, "objects");
        var bucketKey = IndexKeys.BucketUsage(bucket.Id);
        var own = UsageRecord.Decode(bucketKey, transaction.Get(bucketKey));
        own = own with { Bytes = own.Bytes + Bytes, Objects = own.Objects + Objects };
        transaction.Put(ownerKey, UsageRecord.Encode(owner, ownerKey));
        transaction.Put(bucketKey, UsageRecord.Encode(own, bucketKey));
        return null;
    }
}
