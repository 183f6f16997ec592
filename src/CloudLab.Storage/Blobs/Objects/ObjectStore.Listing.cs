namespace CloudLab.Storage.Blobs.Objects;

public sealed partial class ObjectStore
{
    /// <summary>A page of current objects.</summary>
    public StoreResult<ObjectPage> ListObjects(ObjectListing listing) => Guard<ObjectPage>(() =>
        FindBucket(listing.Bucket) is { } bucket ? ObjectLister.List(_index, bucket.Id, listing) : StoreError.NoSuchBucket);

    /// <summary>A page of versions and delete markers.</summary>
    public StoreResult<VersionPage> ListVersions(VersionListing listing) => Guard<VersionPage>(() =>
        FindBucket(listing.Bucket) is { } bucket ? VersionLister.List(_index, bucket.Id, listing) : StoreError.NoSuchBucket);

    /// <summary>A page of unfinished uploads.</summary>
    public StoreResult<UploadPage> ListUploads(UploadListing listing) => Guard<UploadPage>(() =>
        FindBucket(listing.Bucket) is { } bucket ? UploadLister.List(_index, bucket.Id, listing) : StoreError.NoSuchBucket);
}
