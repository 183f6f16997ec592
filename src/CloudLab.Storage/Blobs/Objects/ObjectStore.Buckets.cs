using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Objects;

public sealed partial class ObjectStore
{
    /// <summary>Makes a bucket: <see cref="StoreError.BucketExists"/> whoever owns it.</summary>
    public Task<StoreResult<Bucket>> CreateBucketAsync(BucketCreation creation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!StoreNames.IsBucket(creation.Name))
            return Task.FromResult<StoreResult<Bucket>>(StoreError.InvalidName);
        if (!StoreNames.IsOwner(creation.OwnerId) || creation.Configuration.Any(c => !StoreNames.IsKind(c.Key) || c.Value.Length > StoreNames.MaxDocumentBytes))
            return Task.FromResult<StoreResult<Bucket>>(StoreError.InvalidArgument);
        return _committer.CommitAsync<Bucket>(transaction =>
        {
            if (FindBucket(transaction, creation.Name) is { } there)
                return new StoreFailure(StoreError.BucketExists, there.Bucket.OwnerId);
            var usageKey = IndexKeys.OwnerUsage(creation.OwnerId);
            var usage = UsageRecord.Decode(usageKey, transaction.Get(usageKey));
            usage = usage with { Buckets = usage.Buckets + 1 };
            if (usage.Buckets > creation.Quota.Buckets)
                return new StoreFailure(StoreError.QuotaExceeded, "buckets");
            transaction.Put(usageKey, UsageRecord.Encode(usage, usageKey));
            var bucket = new Bucket(
                creation.Name, creation.OwnerId, transaction.Now, creation.Region, BucketVersioning.Unversioned);
            var record = new BucketRecord(transaction.NextId(), bucket);
            Put(transaction, record);
            var ownKey = IndexKeys.BucketUsage(record.Id);
            transaction.Put(ownKey, UsageRecord.Encode(new StoreUsage(0, 0, 1), ownKey));
            var ofOwner = IndexKeys.BucketOf(bucket.OwnerId, bucket.Name);
            transaction.Put(ofOwner, DocumentRecord.Encode([], ofOwner));
            foreach (var (kind, document) in creation.Configuration)
            {
                var key = IndexKeys.Configuration(record.Id, kind);
                transaction.Put(key, DocumentRecord.Encode(document, key));
            }

            return bucket;
        });
    }

    public StoreResult<Bucket> GetBucket(string name) =>
        Guard<Bucket>(() => FindBucket(name) is { } record ? record.Bucket : StoreError.NoSuchBucket);

    public BucketPage ListBuckets(BucketListing listing)
    {
        var buckets = new List<Bucket>();
        var walked = listing.OwnerId is { } owner ? IndexKeys.BucketsOf(owner) : IndexKeys.Bucket("");
        byte[] prefix = [.. walked, .. StoreNames.Loose(listing.Prefix)];
        byte[] from = listing.StartAfter is { } after ? [.. walked, .. StoreNames.Loose(after), 0] : prefix;
        using var cursor = _index.Walk(prefix);
        for (var has = cursor.Seek(from.AsSpan().SequenceCompareTo(prefix) < 0 ? prefix : from); has; has = cursor.Next())
        {
            if (buckets.Count >= listing.MaxBuckets)
                return new BucketPage(buckets, buckets.Count == 0 ? null : buckets[^1].Name);
            if (FindBucket(TextOf(cursor.Key[walked.Length..])) is { } record)
                buckets.Add(record.Bucket);
        }

        return new BucketPage(buckets, null);
    }

    /// <summary>Removes an empty bucket; its unfinished uploads are aborted.</summary>
    public Task<StoreResult<Bucket>> DeleteBucketAsync(string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _committer.CommitAsync<Bucket>(transaction =>
        {
            if (FindBucket(transaction, name) is not { } bucket)
                return StoreError.NoSuchBucket;
            if (transaction.Scan(IndexKeys.Currents(bucket.Id)).Any())
                return StoreError.BucketNotEmpty;
            var usage = new UsageChange();
            foreach (var (key, record) in transaction.Scan(IndexKeys.Uploads(bucket.Id)))
                DropUpload(transaction, key, UploadRecord.Decode(key, record), usage);
            if (usage.Apply(transaction, bucket, StoreQuota.None) is { } failure)
                return failure;
            foreach (var (key, _) in transaction.Scan(IndexKeys.Configurations(bucket.Id)))
                transaction.Delete(key);
            var ownerKey = IndexKeys.OwnerUsage(bucket.Bucket.OwnerId);
            var owner = UsageRecord.Decode(ownerKey, transaction.Get(ownerKey));
            transaction.Put(ownerKey, UsageRecord.Encode(owner with { Buckets = owner.Buckets - 1 }, ownerKey));
            transaction.Delete(IndexKeys.BucketUsage(bucket.Id));
            transaction.Delete(IndexKeys.BucketOf(bucket.Bucket.OwnerId, name));
            transaction.Delete(IndexKeys.Bucket(name));
            return bucket.Bucket;
        });
    }

    /// <summary>Once enabled it can only be suspended: going back to <see cref="BucketVersioning.Unversioned"/> is an invalid argument.</summary>
    public Task<StoreResult<Bucket>> SetVersioningAsync(string name, BucketVersioning versioning, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _committer.CommitAsync<Bucket>(transaction =>
        {
            if (FindBucket(transaction, name) is not { } record)
                return StoreError.NoSuchBucket;
            if (versioning == BucketVersioning.Unversioned && record.Bucket.Versioning != versioning)
                return StoreError.InvalidArgument;
            record = record with { Bucket = record.Bucket with { Versioning = versioning } };
            Put(transaction, record);
            return record.Bucket;
        });
    }

    /// <summary>The document of that kind as it was set, opaque to the store; null when there is none, or no such bucket.</summary>
    public byte[]? GetBucketConfiguration(string bucket, string kind)
    {
        if (FindBucket(bucket) is not { } record || !StoreNames.IsKind(kind))
            return null;
        var key = IndexKeys.Configuration(record.Id, kind);
        return _index.Get(key) is { } document ? DocumentRecord.Decode(key, document).ToArray() : null;
    }

    /// <summary>Sets the document of that kind (1–64 characters of ASCII; at most 256 KiB), or removes it with null.</summary>
    public Task<StoreResult<Bucket>> SetBucketConfigurationAsync(
        string bucket, string kind, byte[]? document, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!StoreNames.IsKind(kind) || document?.Length > StoreNames.MaxDocumentBytes)
            return Task.FromResult<StoreResult<Bucket>>(StoreError.InvalidArgument);
        return _committer.CommitAsync<Bucket>(transaction =>
        {
            if (FindBucket(transaction, bucket) is not { } record)
                return StoreError.NoSuchBucket;
            var key = IndexKeys.Configuration(record.Id, kind);
            if (document is null)
                transaction.Delete(key);
            else
                transaction.Put(key, DocumentRecord.Encode(document, key));
            return record.Bucket;
        });
    }

    /// <summary>What the bucket holds; null when there is no such bucket.</summary>
    public StoreUsage? GetBucketUsage(string bucket)
    {
        if (FindBucket(bucket) is not { } record)
            return null;
        var key = IndexKeys.BucketUsage(record.Id);
        return UsageRecord.Decode(key, _index.Get(key));
    }

    /// <summary>What all buckets of an owner hold.</summary>
    public StoreUsage GetOwnerUsage(string ownerId)
    {
        var key = IndexKeys.OwnerUsage(ownerId);
        return UsageRecord.Decode(key, _index.Get(key));
    }

    private static void Put(IndexTransaction transaction, BucketRecord record)
    {
        var key = IndexKeys.Bucket(record.Bucket.Name);
        transaction.Put(key, record.Encode(key));
    }
}
