using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Objects;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Listing;

/// <summary>ListMultipartUploads and ListParts.</summary>
internal sealed class ListUploadsHandler(ObjectStore store, S3Authorizer authorizer, IS3Credentials credentials)
{
    public async Task<S3Error?> ListUploadsAsync(S3Request request)
    {
        S3Result<ListParameters> read = ListParameters.Read(request, "max-uploads");
        if (!read.IsOk) return read.Error;
        ListParameters parameters = read.Value;
        string keyMarker = request.Query["key-marker"] ?? "";
        string uploadMarker = request.Query["upload-id-marker"] ?? "";
        StoreResult<UploadPage> listed = parameters.MaxKeys == 0
            ? new UploadPage([], [], IsTruncated: false, null, null)
            : store.ListUploads(new UploadListing
            {
                Bucket = request.BucketName,
                Prefix = parameters.Prefix,
                Delimiter = parameters.Delimiter,
                KeyMarker = keyMarker.Length == 0 ? null : keyMarker,
                // S3 ignores it without a key marker.
                UploadIdMarker = uploadMarker.Length == 0 || keyMarker.Length == 0 ? null : uploadMarker,
                MaxUploads = parameters.MaxKeys,
            });
        if (!listed.IsOk) return StoreErrors.Map(listed.Failure, request.BucketName);
        UploadPage page = listed.Value;
        using var writer = new S3XmlWriter("ListMultipartUploadsResult");
        writer.Add("Bucket", request.BucketName).Add("KeyMarker", parameters.Encode(keyMarker)).Add("UploadIdMarker", uploadMarker)
            .Add("NextKeyMarker", parameters.Encode(page.NextKeyMarker)).Add("NextUploadIdMarker", page.NextUploadIdMarker);
        if (parameters.Delimiter is { Length: > 0 } delimiter) writer.Add("Delimiter", parameters.Encode(delimiter));
        writer.Add("Prefix", parameters.Encode(parameters.Prefix)).Add("MaxUploads", parameters.MaxKeys);
        if (parameters.IsUrlEncoded) writer.Add("EncodingType", "url");
        writer.Add("IsTruncated", page.IsTruncated);
        var owners = new OwnerNames(credentials, request.Bucket.Owner);
        foreach (MultipartUpload upload in page.Uploads)
        {
            writer.Open("Upload").Add("Key", parameters.Encode(upload.Key)).Add("UploadId", upload.UploadId);
            await WriteOwnersAsync(request, writer, upload, owners);
            writer.Add("StorageClass", upload.Attributes.StorageClass).Add("Initiated", upload.Initiated);
            WriteChecksum(writer, upload);
            writer.Close();
        }

        foreach (string prefix in page.CommonPrefixes) writer.Open("CommonPrefixes").Add("Prefix", parameters.Encode(prefix)).Close();
        return await S3Response.WriteAsync(request, writer);
    }

    public async Task<S3Error?> ListPartsAsync(S3Request request)
    {
        S3Permission permission = S3Permission.Of(request.Operation);
        if (authorizer.Check(request, request.Bucket, new AccessQuestion(permission.Action, request.Key, permission.Acl)) is { } denied) return denied;
        S3Result<ListParameters> read = ListParameters.Read(request, "max-parts");
        if (!read.IsOk) return read.Error;
        S3Result<int> marker = ListParameters.ReadNumber(request, "part-number-marker", 0);
        if (!marker.IsOk) return marker.Error;
        string uploadId = request.Query["uploadId"]!;
        StoreResult<MultipartUpload> upload = store.GetUpload(request.BucketName, request.Key, uploadId);
        if (!upload.IsOk) return StoreErrors.Map(upload.Failure, request.BucketName);
        StoreResult<PartPage> listed = read.Value.MaxKeys == 0
            ? new PartPage([], IsTruncated: false)
            : store.ListParts(request.BucketName, request.Key, uploadId, marker.Value, read.Value.MaxKeys);
        if (!listed.IsOk) return StoreErrors.Map(listed.Failure, request.BucketName);
        PartPage page = listed.Value;
        using var writer = new S3XmlWriter("ListPartsResult");
        writer.Add("Bucket", request.BucketName).Add("Key", read.Value.Encode(request.Key)).Add("UploadId", uploadId);
        await WriteOwnersAsync(request, writer, upload.Value, new OwnerNames(credentials, request.Bucket.Owner));
        writer.Add("StorageClass", upload.Value.Attributes.StorageClass).Add("PartNumberMarker", marker.Value);
        writer.Add("NextPartNumberMarker", page.Parts is [.., { } last] ? last.Number : 0);
        writer.Add("MaxParts", read.Value.MaxKeys).Add("IsTruncated", page.IsTruncated);
        WriteChecksum(writer, upload.Value);
        foreach (ObjectPart part in page.Parts)
        {
            writer.Open("Part").Add("PartNumber", part.Number).Add("LastModified", part.LastModified)
                .Add("ETag", ObjectResponse.Quote(part.ETag)).Add("Size", part.Length);
            ChecksumXml.Write(writer, part.Checksums, 0, hasType: false);
            writer.Close();
        }

        return await S3Response.WriteAsync(request, writer);
    }

    private static void WriteChecksum(S3XmlWriter writer, MultipartUpload upload)
    {
        if (upload.ChecksumAlgorithm is not { } algorithm) return;
        writer.Add("ChecksumAlgorithm", ChecksumHeaders.NameOf(algorithm)).Add("ChecksumType", upload.IsCompositeChecksum ? "COMPOSITE" : "FULL_OBJECT");
    }

    private static async ValueTask WriteOwnersAsync(S3Request request, S3XmlWriter writer, MultipartUpload upload, OwnerNames owners)
    {
        await owners.WriteAsync(writer, "Initiator", upload.InitiatorId, request.Aborted);
        await owners.WriteAsync(writer, "Owner", upload.Attributes.OwnerId, request.Aborted);
    }
}
