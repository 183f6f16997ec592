using System.Globalization;
using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>CreateMultipartUpload, UploadPart, UploadPartCopy and AbortMultipartUpload.</summary>
internal sealed class MultipartHandler(
    ObjectStore store, ObjectWrites writes, S3Authorizer authorizer, CopySources sources, IS3Quotas quotas)
{
    public async Task<S3Error?> CreateAsync(S3Request request)
    {
        S3Result<ObjectAttributes> attributes = await writes.PrepareAsync(request);
        if (!attributes.IsOk) return attributes.Error;
        ChecksumAlgorithm? algorithm = null;
        if (request.Header("x-amz-checksum-algorithm") is { } name)
        {
            algorithm = ChecksumHeaders.FindByName(name);
            if (algorithm is null) return S3Error.InvalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
        }

        S3Result<bool> composite = ReadType(request.Header("x-amz-checksum-type"), algorithm);
        if (!composite.IsOk) return composite.Error;
        StoreResult<MultipartUpload> created = await store.CreateUploadAsync(
            new UploadCreation
            {
                Bucket = request.BucketName,
                Key = request.Key,
                InitiatorId = request.Principal?.Owner.Id ?? "",
                Attributes = attributes.Value,
                ChecksumAlgorithm = algorithm,
                IsCompositeChecksum = composite.Value,
            },
            request.Aborted);
        if (!created.IsOk) return StoreErrors.Map(created.Failure, request.BucketName);
        ObjectResponse.WriteEncryption(request.Response, attributes.Value.Encrypt);
        if (algorithm is { } chosen)
        {
            request.Response.Headers["x-amz-checksum-algorithm"] = ChecksumHeaders.NameOf(chosen);
            request.Response.Headers["x-amz-checksum-type"] = composite.Value ? "COMPOSITE" : "FULL_OBJECT";
        }

        using var writer = new S3XmlWriter("InitiateMultipartUploadResult");
        writer.Add("Bucket", request.BucketName).Add("Key", request.Key).Add("UploadId", created.Value.UploadId);
        return await S3Response.WriteAsync(request, writer);
    }

    public async Task<S3Error?> UploadPartAsync(S3Request request)
    {
        S3Result<PartPut> part = await PreparePartAsync(request);
        if (!part.IsOk) return part.Error;
        StoreResult<MultipartUpload> upload = store.GetUpload(request.BucketName, request.Key, part.Value.UploadId);
        if (!upload.IsOk) return StoreErrors.Map(upload.Failure, request.BucketName);
        S3Result<S3Body> opened = S3Body.Open(request, upload.Value.ChecksumAlgorithm);
        if (!opened.IsOk) return opened.Error;
        await using S3Body body = opened.Value;
        if (upload.Value.ChecksumAlgorithm is { } wanted && body.Expectation.Checksums is [var given] && given != wanted)
        {
            return S3Error.InvalidRequest(
                $"Checksum Type mismatch occurred, expected checksum Type: {ChecksumHeaders.NameOf(wanted).ToLowerInvariant()}, actual checksum Type: {ChecksumHeaders.NameOf(given).ToLowerInvariant()}");
        }

        StoreResult<ObjectPart> stored = await store.PutPartAsync(part.Value with { Body = body.Expectation }, body.Content, request.Aborted);
        if (!stored.IsOk) return StoreErrors.Map(stored.Failure, request.BucketName);
        request.Response.Headers.ETag = ObjectResponse.Quote(stored.Value.ETag);
        ObjectResponse.WriteEncryption(request.Response, upload.Value.Attributes.Encrypt);
        foreach (ObjectChecksum checksum in stored.Value.Checksums)
            request.Response.Headers[ChecksumHeaders.HeaderOf(checksum.Algorithm)] = ChecksumHeaders.Text(checksum, 0);
        return S3Response.Empty(request);
    }

    public async Task<S3Error?> CopyPartAsync(S3Request request)
    {
        S3Result<PartPut> part = await PreparePartAsync(request);
        if (!part.IsOk) return part.Error;
        S3Result<OpenCopySource> opened = sources.Open(request);
        if (!opened.IsOk) return opened.Error;
        using OpenCopySource source = opened.Value;
        S3Result<ByteRange> range = ReadSourceRange(request.Header("x-amz-copy-source-range"), source.Reader.Version.Length);
        if (!range.IsOk) return range.Error;
        StoreResult<ObjectPart> stored =
            await store.CopyPartAsync(part.Value, source.Reader, range.Value.Offset, range.Value.Length, request.Aborted);
        if (!stored.IsOk) return StoreErrors.Map(stored.Failure, request.BucketName);
        source.WriteVersion(request.Response);
        using var writer = new S3XmlWriter("CopyPartResult");
        writer.Add("LastModified", stored.Value.LastModified).Add("ETag", ObjectResponse.Quote(stored.Value.ETag));
        ChecksumXml.Write(writer, stored.Value.Checksums, 0, hasType: false);
        return await S3Response.WriteAsync(request, writer);
    }

    public async Task<S3Error?> AbortAsync(S3Request request)
    {
        StoreResult<MultipartUpload> aborted =
            await store.AbortUploadAsync(request.BucketName, request.Key, request.Query["uploadId"]!, request.Aborted);
        return aborted.IsOk ? S3Response.NoContent(request) : StoreErrors.Map(aborted.Failure, request.BucketName);
    }

    private async ValueTask<S3Result<PartPut>> PreparePartAsync(S3Request request)
    {
        string text = request.Query["partNumber"]!;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 1 or > MultipartLimits.MaxParts)
            return S3Error.InvalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", text);
        S3Permission permission = S3Permission.Of(request.Operation);
        if (authorizer.Check(request, request.Bucket, new AccessQuestion(permission.Action, request.Key, permission.Acl)) is { } denied) return denied;
        return new PartPut
        {
            Bucket = request.BucketName,
            Key = request.Key,
            UploadId = request.Query["uploadId"]!,
            Number = number,
            Quota = await quotas.FindAsync(request.Bucket.Owner.Id, request.Aborted),
        };
    }

    private static S3Result<bool> ReadType(string? type, ChecksumAlgorithm? algorithm)
    {
        bool isCrc = algorithm is ChecksumAlgorithm.Crc32 or ChecksumAlgorithm.Crc32C or ChecksumAlgorithm.Crc64Nvme;
        switch (type)
        {
            case null:
                return algorithm is not ChecksumAlgorithm.Crc64Nvme;
            case not ("COMPOSITE" or "FULL_OBJECT"):
                return S3Error.InvalidRequest("Value for x-amz-checksum-type header is invalid.");
            case not null when algorithm is null:
                return S3Error.InvalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
            case "COMPOSITE" when algorithm is ChecksumAlgorithm.Crc64Nvme:
                return S3Error.InvalidRequest("The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.");
            case "FULL_OBJECT" when !isCrc:
                return S3Error.InvalidRequest(
                    $"The FULL_OBJECT checksum type cannot be used with the {ChecksumHeaders.NameOf(algorithm!.Value).ToLowerInvariant()} checksum algorithm.");
            default:
                return type == "COMPOSITE";
        }
    }

    // Unlike the Range header this one has both ends, and must lie within the source.
    private static S3Result<ByteRange> ReadSourceRange(string? header, long size)
    {
        if (header is null) return new ByteRange(0, size);
        var invalid = S3Error.InvalidArgument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
            "x-amz-copy-source-range",
            header);
        int dash = header.IndexOf('-');
        if (!header.StartsWith("bytes=", StringComparison.Ordinal) || dash < 0) return invalid;
        if (!long.TryParse(header.AsSpan(6, dash - 6), NumberStyles.None, CultureInfo.InvariantCulture, out long first)) return invalid;
        if (!long.TryParse(header.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long last) || last < first) return invalid;
        if (last < size) return new ByteRange(first, last - first + 1);
        return new S3Error(S3ErrorCode.InvalidRange, $"Range specified is not valid for source object of size: {size}");
    }
}
