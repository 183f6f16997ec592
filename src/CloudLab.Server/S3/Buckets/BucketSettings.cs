using CloudLab.Server.S3.Objects;
using CloudLab.Server.S3.Routing;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Buckets;

/// <summary>Reads and writes the documents of a bucket.</summary>
internal sealed class BucketSettings(ObjectStore store)
{
    /// <summary>The document, or the error that says that there is none.</summary>
    public S3Result<byte[]> Get(S3Request request, string kind, S3ErrorCode missing, string message) =>
        store.GetBucketConfiguration(request.BucketName, kind) is { } document
            ? document
            : new S3Error(missing, message) { Details = [("BucketName", request.BucketName)] };

    /// <summary>The body of a request that sets a document.</summary>
    public static async Task<S3Result<byte[]>> ReadAsync(S3Request request)
    {
        S3Result<byte[]> body = await S3Document.ReadAsync(request, S3Document.MaxConfiguration);
        if (!body.IsOk) return body.Error;
        return body.Value.Length == 0 ? new S3Error(S3ErrorCode.MissingRequestBodyError, "Request Body is empty") : body;
    }

    /// <summary>Sets a document, or removes it with null. Null when it is done.</summary>
    public async Task<S3Error?> SetAsync(S3Request request, string kind, byte[]? document)
    {
        StoreResult<Bucket> set = await store.SetBucketConfigurationAsync(request.BucketName, kind, document, request.Aborted);
        return set.IsOk ? null : StoreErrors.Map(set.Failure, request.BucketName);
    }
}
