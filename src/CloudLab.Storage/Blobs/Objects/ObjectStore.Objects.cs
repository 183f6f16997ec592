namespace CloudLab.Storage.Blobs.Objects;

public sealed partial class ObjectStore
{
    /// <summary>Stores <paramref name="body"/>, read to its end, as the key's current version.</summary>
    public Task<StoreResult<ObjectVersion>> PutObjectAsync(ObjectPut put, Stream body, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>Stores a copy of what <paramref name="source"/> has open; the source's damage is <see cref="StoreError.Damaged"/>.</summary>
    public Task<StoreResult<ObjectVersion>> CopyObjectAsync(ObjectPut put, ObjectReader source, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>The current version, or the one that is named. A delete marker answers <see cref="StoreError.NoSuchKey"/>, or <see cref="StoreError.IsDeleteMarker"/> if it was named.</summary>
    public StoreResult<ObjectVersion> HeadObject(string bucket, string key, string? versionId = null) => throw new NotSupportedException();

    /// <summary>Opens a version for reading; answers as <see cref="HeadObject"/> where there is none.</summary>
    public StoreResult<ObjectReader> OpenObject(string bucket, string key, string? versionId = null) => throw new NotSupportedException();

    /// <summary>The parts of a completed multipart object after <paramref name="afterNumber"/>; none for an object put in one piece.</summary>
    public StoreResult<PartPage> ListObjectParts(string bucket, string key, string? versionId, int afterNumber, int maxParts) =>
        throw new NotSupportedException();

    /// <summary>Deletes one key or version.</summary>
    public Task<StoreResult<DeleteOutcome>> DeleteObjectAsync(ObjectDelete delete, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>Changes tags and documents of a version (the current one without <paramref name="versionId"/>).</summary>
    public Task<StoreResult<ObjectVersion>> ChangeObjectAsync(
        string bucket, string key, string? versionId, ObjectChange change, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>A page of current objects.</summary>
    public StoreResult<ObjectPage> ListObjects(ObjectListing listing) => throw new NotSupportedException();

    /// <summary>A page of versions and delete markers.</summary>
    public StoreResult<VersionPage> ListVersions(VersionListing listing) => throw new NotSupportedException();
}
