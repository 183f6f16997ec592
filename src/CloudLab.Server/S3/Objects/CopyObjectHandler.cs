using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>CopyObject.</summary>
internal sealed class CopyObjectHandler(ObjectStore store, ObjectWrites writes, CopySources sources, IS3Quotas quotas)
{
    public async Task<S3Error?> HandleAsync(S3Request request)
    {
        S3Result<bool> replaceMetadata = ReadDirective(request, "x-amz-metadata-directive");
        if (!replaceMetadata.IsOk) return replaceMetadata.Error;
        S3Result<bool> replaceTags = ReadDirective(request, "x-amz-tagging-directive");
        if (!replaceTags.IsOk) return replaceTags.Error;
        S3Result<ObjectAttributes> attributes = await writes.PrepareAsync(request);
        if (!attributes.IsOk) return attributes.Error;
        S3Result<OpenCopySource> opened = sources.Open(request);
        if (!opened.IsOk) return opened.Error;
        using OpenCopySource source = opened.Value;
        if (CheckSource(request, source, replaceMetadata.Value) is { } illegal) return illegal;
        S3Result<IReadOnlyList<ChecksumAlgorithm>> checksums = ReadChecksums(request, source.Reader.Version);
        if (!checksums.IsOk) return checksums.Error;

        ObjectAttributes old = source.Reader.Version.Attributes;
        WriteCondition condition = WriteConditions.Read(request);
        var put = new ObjectPut
        {
            Bucket = request.BucketName,
            Key = request.Key,
            Attributes = attributes.Value with
            {
                Headers = replaceMetadata.Value ? attributes.Value.Headers : CopiedHeaders(old, attributes.Value),
                Metadata = replaceMetadata.Value ? attributes.Value.Metadata : old.Metadata,
                Tags = replaceTags.Value ? attributes.Value.Tags : old.Tags,
            },
            Body = new BodyExpectation { Checksums = checksums.Value },
            Condition = condition,
            Quota = await quotas.FindAsync(request.Bucket.Owner.Id, request.Aborted),
        };
        StoreResult<ObjectVersion> stored = await store.CopyObjectAsync(put, source.Reader, request.Aborted);
        if (!stored.IsOk) return WriteConditions.Map(stored.Failure, request, condition);
        source.WriteVersion(request.Response);
        ObjectResponse.WriteVersion(request, stored.Value);
        ObjectResponse.WriteEncryption(request.Response, stored.Value.Attributes.Encrypt);
        return await WriteResultAsync(request, stored.Value);
    }

    private static S3Error? CheckSource(S3Request request, OpenCopySource source, bool replaceMetadata)
    {
        if (source.Reader.Version.Length > S3Body.MaxLength)
            return S3Error.InvalidRequest($"The specified copy source is larger than the maximum allowable size for a copy source: {S3Body.MaxLength}");
        bool isItself = source.Source.Bucket == request.BucketName && source.Source.Key == request.Key && source.Source.VersionId is null;
        bool isChanged = replaceMetadata || request.Header("x-amz-storage-class") is not null
            || request.Header("x-amz-server-side-encryption") is not null || request.Header(ObjectAttributesReader.WebsiteRedirect) is not null;
        return isItself && !isChanged
            ? S3Error.InvalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
            : null;
    }

    private static S3Result<bool> ReadDirective(S3Request request, string name) => request.Header(name) switch
    {
        null or "COPY" => false,
        "REPLACE" => true,
        { } other => S3Error.InvalidArgument("Unknown directive.", name, other),
    };

    private static S3Result<IReadOnlyList<ChecksumAlgorithm>> ReadChecksums(S3Request request, ObjectVersion source)
    {
        if (request.Header("x-amz-checksum-algorithm") is not { } name)
            return source.Checksums.Select(c => c.Algorithm).ToArray();
        return ChecksumHeaders.FindByName(name) is { } algorithm
            ? new[] { algorithm }
            : S3Error.InvalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
    }

    // The website redirect is not copied, but taken from the request.
    private static List<KeyValuePair<string, string>> CopiedHeaders(ObjectAttributes old, ObjectAttributes given) =>
        [.. old.Headers.Where(h => h.Key != ObjectAttributesReader.WebsiteRedirect), .. given.Headers.Where(h => h.Key == ObjectAttributesReader.WebsiteRedirect)];

    private static Task<S3Error?> WriteResultAsync(S3Request request, ObjectVersion version)
    {
        using var writer = new S3XmlWriter("CopyObjectResult");
        writer.Add("LastModified", version.LastModified).Add("ETag", ObjectResponse.Quote(version.ETag));
        ChecksumXml.Write(writer, version.Checksums, version.PartCount);
        return S3Response.WriteAsync(request, writer);
    }
}
