using System.Globalization;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>GetObjectAttributes.</summary>
internal sealed class ObjectAttributesHandler(ObjectStore store, ObjectAccess access)
{
    private static readonly string[] Known = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];

    public async Task<S3Error?> HandleAsync(S3Request request)
    {
        S3Permission permission = S3Permission.Of(request.Operation);
        StoreResult<ObjectVersion> found = store.HeadObject(request.BucketName, request.Key, request.VersionId);
        if (!found.IsOk)
        {
            if (found.Failure.VersionId is not null) request.Response.Headers["x-amz-delete-marker"] = "true";
            return access.Missing(
                request, request.Bucket, request.Key, request.VersionId, permission, StoreErrors.Map(found.Failure, request.BucketName));
        }

        ObjectVersion version = found.Value;
        if (access.Check(request, request.Bucket, request.Key, request.VersionId, version, permission) is { } denied) return denied;
        string[] wanted = request.Header("x-amz-object-attributes")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (wanted.Length == 0 || wanted.Except(Known).Any())
            return S3Error.InvalidArgument("Invalid attribute name specified.", "x-amz-object-attributes", request.Header("x-amz-object-attributes"));
        S3Result<PartsWanted> parts = ReadParts(request);
        if (!parts.IsOk) return parts.Error;
        ObjectResponse.WriteVersion(request, version);
        request.Response.Headers.LastModified = version.LastModified.ToString("R", CultureInfo.InvariantCulture);
        using var writer = new S3XmlWriter("GetObjectAttributesResponse");
        if (wanted.Contains("ETag")) writer.Add("ETag", version.ETag);
        if (wanted.Contains("Checksum") && version.Checksums.Count > 0)
        {
            writer.Open("Checksum");
            ChecksumXml.Write(writer, version.Checksums, version.PartCount);
            writer.Close();
        }

        if (wanted.Contains("ObjectParts") && version.PartCount > 0 && WriteParts(request, writer, version, parts.Value) is { } failed) return failed;
        if (wanted.Contains("StorageClass")) writer.Add("StorageClass", version.Attributes.StorageClass);
        if (wanted.Contains("ObjectSize")) writer.Add("ObjectSize", version.Length);
        return await S3Response.WriteAsync(request, writer);
    }

    private S3Error? WriteParts(S3Request request, S3XmlWriter writer, ObjectVersion version, PartsWanted wanted)
    {
        StoreResult<PartPage> listed = wanted.Max == 0
            ? new PartPage([], IsTruncated: false)
            : store.ListObjectParts(request.BucketName, request.Key, version.VersionId, wanted.After, wanted.Max);
        if (!listed.IsOk) return StoreErrors.Map(listed.Failure, request.BucketName);
        writer.Open("ObjectParts").Add("PartsCount", version.PartCount).Add("PartNumberMarker", wanted.After)
            .Add("NextPartNumberMarker", listed.Value.Parts is [.., { } last] ? last.Number : 0)
            .Add("MaxParts", wanted.Max).Add("IsTruncated", listed.Value.IsTruncated);
        // As S3: parts are listed only where they carry checksums of their own.
        if (version.Checksums.Count > 0)
        {
            foreach (ObjectPart part in listed.Value.Parts)
            {
                writer.Open("Part").Add("PartNumber", part.Number).Add("Size", part.Length);
                ChecksumXml.Write(writer, part.Checksums, 0, hasType: false);
                writer.Close();
            }
        }

        writer.Close();
        return null;
    }

    private static S3Result<PartsWanted> ReadParts(S3Request request)
    {
        int max = 1000, after = 0;
        if (request.Header("x-amz-max-parts") is { } maxText && !int.TryParse(maxText, NumberStyles.None, CultureInfo.InvariantCulture, out max))
            return S3Error.InvalidArgument("Provided x-amz-max-parts not an integer or within integer range", "x-amz-max-parts", maxText);
        if (request.Header("x-amz-part-number-marker") is { } afterText && !int.TryParse(afterText, NumberStyles.None, CultureInfo.InvariantCulture, out after))
            return S3Error.InvalidArgument("Provided x-amz-part-number-marker not an integer or within integer range", "x-amz-part-number-marker", afterText);
        return new PartsWanted(Math.Min(max, 1000), after);
    }

    private readonly record struct PartsWanted(int Max, int After);
}
