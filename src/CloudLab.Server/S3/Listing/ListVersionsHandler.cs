using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Objects;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Listing;

/// <summary>ListObjectVersions.</summary>
internal sealed class ListVersionsHandler(ObjectStore store, IS3Credentials credentials)
{
    public async Task<S3Error?> HandleAsync(S3Request request)
    {
        S3Result<ListParameters> read = ListParameters.Read(request, "max-keys");
        if (!read.IsOk) return read.Error;
        ListParameters parameters = read.Value;
        string keyMarker = request.Query["key-marker"] ?? "";
        string versionMarker = request.Query["version-id-marker"] ?? "";
        if (versionMarker.Length > 0 && keyMarker.Length == 0)
            return S3Error.InvalidArgument("A version-id marker cannot be specified without a key marker.", "version-id-marker", versionMarker);
        StoreResult<VersionPage> listed = parameters.MaxKeys == 0
            ? new VersionPage([], [], IsTruncated: false, null, null)
            : store.ListVersions(new VersionListing
            {
                Bucket = request.BucketName,
                Prefix = parameters.Prefix,
                Delimiter = parameters.Delimiter,
                KeyMarker = keyMarker.Length == 0 ? null : keyMarker,
                VersionIdMarker = versionMarker.Length == 0 ? null : versionMarker,
                MaxKeys = parameters.MaxKeys,
            });
        if (!listed.IsOk) return StoreErrors.Map(listed.Failure, request.BucketName);
        VersionPage page = listed.Value;
        using var writer = new S3XmlWriter("ListVersionsResult");
        writer.Add("Name", request.BucketName).Add("Prefix", parameters.Encode(parameters.Prefix))
            .Add("KeyMarker", parameters.Encode(keyMarker)).Add("VersionIdMarker", versionMarker);
        if (page.IsTruncated) writer.Add("NextKeyMarker", parameters.Encode(page.NextKeyMarker)).Add("NextVersionIdMarker", page.NextVersionIdMarker);
        writer.Add("MaxKeys", parameters.MaxKeys);
        if (parameters.Delimiter is { Length: > 0 } delimiter) writer.Add("Delimiter", parameters.Encode(delimiter));
        if (parameters.IsUrlEncoded) writer.Add("EncodingType", "url");
        writer.Add("IsTruncated", page.IsTruncated);
        var owners = new OwnerNames(credentials, request.Bucket.Owner);
        foreach (ObjectVersion version in page.Versions) await WriteAsync(request, writer, parameters, version, owners);
        foreach (string prefix in page.CommonPrefixes) writer.Open("CommonPrefixes").Add("Prefix", parameters.Encode(prefix)).Close();
        return await S3Response.WriteAsync(request, writer);
    }

    private static async ValueTask WriteAsync(
        S3Request request, S3XmlWriter writer, ListParameters parameters, ObjectVersion version, OwnerNames owners)
    {
        writer.Open(version.IsDeleteMarker ? "DeleteMarker" : "Version")
            .Add("Key", parameters.Encode(version.Key)).Add("VersionId", version.VersionId).Add("IsLatest", version.IsLatest)
            .Add("LastModified", version.LastModified);
        if (!version.IsDeleteMarker)
        {
            writer.Add("ETag", ObjectResponse.Quote(version.ETag));
            foreach (ObjectChecksum checksum in version.Checksums) writer.Add("ChecksumAlgorithm", ChecksumHeaders.NameOf(checksum.Algorithm));
            if (version.Checksums is [{ } first, ..]) writer.Add("ChecksumType", ChecksumHeaders.TypeOf(first));
            writer.Add("Size", version.Length);
        }

        await owners.WriteAsync(writer, "Owner", ObjectAccess.OwnerOf(version, request.Bucket).Id, request.Aborted);
        if (!version.IsDeleteMarker) writer.Add("StorageClass", version.Attributes.StorageClass);
        writer.Close();
    }
}
