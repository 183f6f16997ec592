namespace CloudLab.Storage.Blobs.Objects;

public sealed partial class ObjectStore
{
    public Task<StoreResult<MultipartUpload>> CreateUploadAsync(UploadCreation creation, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public StoreResult<MultipartUpload> GetUpload(string bucket, string key, string uploadId) => throw new NotSupportedException();

    /// <summary>Stores <paramref name="body"/>, read to its end, as a part of the upload.</summary>
    public Task<StoreResult<ObjectPart>> PutPartAsync(PartPut put, Stream body, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>Stores a range of what <paramref name="source"/> has open as a part; the source's damage is <see cref="StoreError.Damaged"/>.</summary>
    public Task<StoreResult<ObjectPart>> CopyPartAsync(
        PartPut put, ObjectReader source, long offset, long length, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>The parts of an unfinished upload after <paramref name="afterNumber"/>.</summary>
    public StoreResult<PartPage> ListParts(string bucket, string key, string uploadId, int afterNumber, int maxParts) =>
        throw new NotSupportedException();

    /// <summary>Makes the named parts the key's current version, without copying them; parts that are not named are dropped.</summary>
    public Task<StoreResult<ObjectVersion>> CompleteUploadAsync(UploadCompletion completion, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>Drops the upload and its parts.</summary>
    public Task<StoreResult<MultipartUpload>> AbortUploadAsync(
        string bucket, string key, string uploadId, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>A page of unfinished uploads.</summary>
    public StoreResult<UploadPage> ListUploads(UploadListing listing) => throw new NotSupportedException();
}
