using System.Globalization;
using System.Xml.Linq;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>CompleteMultipartUpload.</summary>
internal sealed class CompleteUploadHandler(ObjectStore store)
{
    public async Task<S3Error?> HandleAsync(S3Request request)
    {
        S3Result<byte[]> body = await S3Document.ReadAsync(request, S3Document.MaxList, isDescribed: false);
        if (!body.IsOk) return body.Error;
        S3Result<List<CompletedPart>> parts = ReadParts(body.Value);
        if (!parts.IsOk) return parts.Error;
        S3Result<ObjectChecksum?> declared = ReadDeclared(request);
        if (!declared.IsOk && declared.Error is { } wrong) return wrong;
        WriteCondition condition = WriteConditions.Read(request);
        StoreResult<ObjectVersion> completed = await store.CompleteUploadAsync(
            new UploadCompletion
            {
                Bucket = request.BucketName,
                Key = request.Key,
                UploadId = request.Query["uploadId"]!,
                Parts = parts.Value,
                MinPartLength = MultipartLimits.MinPartLength,
                Declared = declared.Value,
                DeclaredLength = long.TryParse(
                    request.Header("x-amz-mp-object-size"), NumberStyles.None, CultureInfo.InvariantCulture, out long size) ? size : null,
                Condition = condition,
            },
            request.Aborted);
        if (!completed.IsOk) return WriteConditions.Map(completed.Failure, request, condition);
        ObjectResponse.WriteVersion(request, completed.Value);
        ObjectResponse.WriteEncryption(request.Response, completed.Value.Attributes.Encrypt);
        return await WriteResultAsync(request, completed.Value);
    }

    private static S3Result<List<CompletedPart>> ReadParts(byte[] document)
    {
        S3Result<XElement> parsed = S3XmlReader.Parse(document, "CompleteMultipartUpload");
        if (!parsed.IsOk) return parsed.Error;
        var parts = new List<CompletedPart>();
        foreach (XElement element in parsed.Value.Elements("Part"))
        {
            if (!int.TryParse(element.Text("PartNumber"), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int number))
                return S3Error.MalformedXml;
            if (number is < 1 or > MultipartLimits.MaxParts)
                return S3Error.InvalidArgument("PartNumber must be >= 1", "PartNumber", number.ToString(CultureInfo.InvariantCulture));
            if (parts.Count > 0 && number <= parts[^1].Number) return StoreErrors.Map(new StoreFailure(StoreError.InvalidPartOrder));
            if (WriteConditions.Unquote(element.Text("ETag")) is not { } etag) return S3Error.MalformedXml;
            S3Result<IReadOnlyList<ObjectChecksum>> checksums = ChecksumXml.Read(element);
            if (!checksums.IsOk) return checksums.Error;
            parts.Add(new CompletedPart(number, etag, checksums.Value));
        }

        return parts.Count is 0 or > MultipartLimits.MaxParts ? S3Error.MalformedXml : parts;
    }

    // The document that is the body has none of these: they are the whole object's.
    private static S3Result<ObjectChecksum?> ReadDeclared(S3Request request)
    {
        S3Result<ObjectChecksum?> declared = ChecksumHeaders.ReadDeclared(request);
        if (!declared.IsOk || declared.Value is not { } checksum) return declared;
        if (request.Header("x-amz-checksum-type") is { } type && (type == "COMPOSITE") != checksum.IsComposite) return checksum with { IsComposite = type == "COMPOSITE" };
        return checksum;
    }

    private static Task<S3Error?> WriteResultAsync(S3Request request, ObjectVersion version)
    {
        using var writer = new S3XmlWriter("CompleteMultipartUploadResult");
        string location = $"{request.Http.Request.Scheme}://{request.Http.Request.Host}{request.Target.RawPath}";
        writer.Add("Location", location).Add("Bucket", request.BucketName).Add("Key", request.Key).Add("ETag", ObjectResponse.Quote(version.ETag));
        ChecksumXml.Write(writer, version.Checksums, version.PartCount);
        return S3Response.WriteAsync(request, writer);
    }
}
