namespace CloudLab.Storage.Blobs.Objects;

public sealed partial class ObjectStore
{
    /// <summary>Makes a bucket: <see cref="StoreError.BucketExists"/> whoever owns it.</summary>
    public Task<StoreResult<Bucket>> CreateBucketAsync(BucketCreation creation, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public StoreResult<Bucket> GetBucket(string name) => throw new NotSupportedException();

    public BucketPage ListBuckets(BucketListing listing) => throw new NotSupportedException();

    /// <summary>Removes an empty bucket; its unfinished uploads are aborted.</summary>
    public Task<StoreResult<Bucket>> DeleteBucketAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Once enabled it can only be suspended: going back to <see cref="BucketVersioning.Unversioned"/> is an invalid argument.</summary>
    public Task<StoreResult<Bucket>> SetVersioningAsync(string name, BucketVersioning versioning, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>The document of that kind as it was set, opaque to the store; null when there is none, or no such bucket.</summary>
    public byte[]? GetBucketConfiguration(string bucket, string kind) => throw new NotSupportedException();

    /// <summary>Sets the document of that kind (1–64 characters of ASCII; at most 256 KiB), or removes it with null.</summary>
    public Task<StoreResult<Bucket>> SetBucketConfigurationAsync(
        string bucket, string kind, byte[]? document, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>What the bucket holds; null when there is no such bucket.</summary>
    public StoreUsage? GetBucketUsage(string bucket) => throw new NotSupportedException();

    /// <summary>What all buckets of an owner hold.</summary>
    public StoreUsage GetOwnerUsage(string ownerId) => throw new NotSupportedException();
}
