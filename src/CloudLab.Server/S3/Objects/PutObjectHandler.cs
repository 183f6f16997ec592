using CloudLab.Server.S3.Routing;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>PutObject.</summary>
internal sealed class PutObjectHandler(ObjectStore store, ObjectWrites writes, IS3Quotas quotas)
{
    public async Task<S3Error?> HandleAsync(S3Request request)
    {
        S3Result<ObjectAttributes> attributes = await writes.PrepareAsync(request);
        if (!attributes.IsOk) return attributes.Error;
        S3Result<S3Body> opened = S3Body.Open(request);
        if (!opened.IsOk) return opened.Error;
        await using S3Body body = opened.Value;
        WriteCondition condition = WriteConditions.Read(request);
        var put = new ObjectPut
        {
            Bucket = request.BucketName,
            Key = request.Key,
            Attributes = attributes.Value,
            Body = body.Expectation,
            Condition = condition,
            Quota = await quotas.FindAsync(request.Bucket.Owner.Id, request.Aborted),
        };
        StoreResult<ObjectVersion> stored = await store.PutObjectAsync(put, body.Content, request.Aborted);
        if (!stored.IsOk) return WriteConditions.Map(stored.Failure, request, condition);
        ObjectVersion version = stored.Value;
        request.Response.Headers.ETag = ObjectResponse.Quote(version.ETag);
        ObjectResponse.WriteVersion(request, version);
        ObjectResponse.WriteEncryption(request.Response, version.Attributes.Encrypt);
        ChecksumHeaders.Write(request.Response, version.Checksums, version.PartCount);
        request.Response.ContentLength = 0;
        return null;
    }
}
