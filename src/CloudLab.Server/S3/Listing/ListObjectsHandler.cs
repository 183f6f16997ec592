using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Objects;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Listing;

/// <summary>ListObjects and ListObjectsV2.</summary>
internal sealed class ListObjectsHandler(ObjectStore store, IS3Credentials credentials)
{
    public async Task<S3Error?> ListAsync(S3Request request)
    {
        S3Result<ListParameters> read = ListParameters.Read(request, "max-keys");
        if (!read.IsOk) return read.Error;
        ListParameters parameters = read.Value;
        string marker = request.Query["marker"] ?? "";
        StoreResult<ObjectPage> listed = Find(request, parameters, marker.Length == 0 ? null : marker);
        if (!listed.IsOk) return StoreErrors.Map(listed.Failure, request.BucketName);
        using var writer = new S3XmlWriter("ListBucketResult");
        writer.Add("Name", request.BucketName).Add("Prefix", parameters.Encode(parameters.Prefix)).Add("Marker", parameters.Encode(marker));
        // Without a delimiter a client continues with the last key it got.
        if (!string.IsNullOrEmpty(parameters.Delimiter)) writer.Add("NextMarker", parameters.Encode(listed.Value.Next));
        WriteCommon(writer, parameters, listed.Value);
        await WriteObjectsAsync(request, writer, parameters, listed.Value, hasOwner: true);
        return await S3Response.WriteAsync(request, writer);
    }

    public async Task<S3Error?> ListV2Async(S3Request request)
    {
        S3Result<ListParameters> read = ListParameters.Read(request, "max-keys");
        if (!read.IsOk) return read.Error;
        ListParameters parameters = read.Value;
        string? startAfter = request.Query["start-after"];
        string? from = string.IsNullOrEmpty(startAfter) ? null : startAfter;
        string? token = request.Query["continuation-token"];
        if (!string.IsNullOrEmpty(token))
        {
            S3Result<string> continued = ContinuationToken.Read(token);
            if (!continued.IsOk) return continued.Error;
            from = continued.Value;
        }

        StoreResult<ObjectPage> listed = Find(request, parameters, from);
        if (!listed.IsOk) return StoreErrors.Map(listed.Failure, request.BucketName);
        ObjectPage page = listed.Value;
        using var writer = new S3XmlWriter("ListBucketResult");
        writer.Add("Name", request.BucketName).Add("Prefix", parameters.Encode(parameters.Prefix));
        if (token is not null) writer.Add("ContinuationToken", token);
        if (page.Next is { } next) writer.Add("NextContinuationToken", ContinuationToken.Write(next));
        writer.Add("StartAfter", parameters.Encode(startAfter)).Add("KeyCount", page.Objects.Count + page.CommonPrefixes.Count);
        WriteCommon(writer, parameters, page);
        await WriteObjectsAsync(request, writer, parameters, page, request.Query["fetch-owner"] == "true");
        return await S3Response.WriteAsync(request, writer);
    }

    private StoreResult<ObjectPage> Find(S3Request request, ListParameters parameters, string? startAfter)
    {
        if (parameters.MaxKeys == 0) return new ObjectPage([], [], null);
        return store.ListObjects(new ObjectListing
        {
            Bucket = request.BucketName,
            Prefix = parameters.Prefix,
            Delimiter = parameters.Delimiter,
            StartAfter = startAfter,
            MaxKeys = parameters.MaxKeys,
        });
    }

    private static void WriteCommon(S3XmlWriter writer, ListParameters parameters, ObjectPage page)
    {
        writer.Add("MaxKeys", parameters.MaxKeys);
        if (parameters.Delimiter is { Length: > 0 } delimiter) writer.Add("Delimiter", parameters.Encode(delimiter));
        if (parameters.IsUrlEncoded) writer.Add("EncodingType", "url");
        writer.Add("IsTruncated", page.Next is not null);
    }

    private async ValueTask WriteObjectsAsync(S3Request request, S3XmlWriter writer, ListParameters parameters, ObjectPage page, bool hasOwner)
    {
        var owners = new OwnerNames(credentials, request.Bucket.Owner);
        foreach (ObjectVersion version in page.Objects)
        {
            writer.Open("Contents").Add("Key", parameters.Encode(version.Key)).Add("LastModified", version.LastModified)
                .Add("ETag", ObjectResponse.Quote(version.ETag));
            foreach (ObjectChecksum checksum in version.Checksums) writer.Add("ChecksumAlgorithm", ChecksumHeaders.NameOf(checksum.Algorithm));
            if (version.Checksums is [{ } first, ..]) writer.Add("ChecksumType", ChecksumHeaders.TypeOf(first));
            writer.Add("Size", version.Length);
            if (hasOwner) await owners.WriteAsync(writer, "Owner", ObjectAccess.OwnerOf(version, request.Bucket).Id, request.Aborted);
            writer.Add("StorageClass", version.Attributes.StorageClass).Close();
        }

        foreach (string prefix in page.CommonPrefixes) writer.Open("CommonPrefixes").Add("Prefix", parameters.Encode(prefix)).Close();
    }
}
