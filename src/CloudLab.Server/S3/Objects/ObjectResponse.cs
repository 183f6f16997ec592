using System.Globalization;
using System.Text;
using CloudLab.Server.S3.Routing;
using CloudLab.Storage.Blobs.Objects;
using Microsoft.Extensions.Primitives;

namespace CloudLab.Server.S3.Objects;

/// <summary>An object's headers in answers.</summary>
internal static class ObjectResponse
{
    private static readonly (string Parameter, string Header)[] Overrides =
    [
        ("response-content-type", "Content-Type"),
        ("response-content-language", "Content-Language"),
        ("response-expires", "Expires"),
        ("response-cache-control", "Cache-Control"),
        ("response-content-disposition", "Content-Disposition"),
        ("response-content-encoding", "Content-Encoding"),
    ];

    public static string Quote(string etag) => $"\"{etag}\"";

    /// <summary>The headers of GET and HEAD.</summary>
    public static void Write(S3Request request, ObjectVersion version)
    {
        HttpResponse response = request.Response;
        WriteValidators(response, version);
        WriteVersion(request, version);
        response.Headers.AcceptRanges = "bytes";
        foreach ((string name, string value) in version.Attributes.Headers) response.Headers[name] = value;
        foreach ((string name, string value) in version.Attributes.Metadata)
            response.Headers["x-amz-meta-" + name] = new StringValues(value);
        if (version.Attributes.StorageClass != "STANDARD") response.Headers["x-amz-storage-class"] = version.Attributes.StorageClass;
        if (version.Attributes.Tags.Count > 0)
            response.Headers["x-amz-tagging-count"] = version.Attributes.Tags.Count.ToString(CultureInfo.InvariantCulture);
        WriteEncryption(response, version.Attributes.Encrypt);
    }

    /// <summary>What a client can make its next request depend on.</summary>
    public static void WriteValidators(HttpResponse response, ObjectVersion version)
    {
        response.Headers.ETag = Quote(version.ETag);
        response.Headers.LastModified = version.LastModified.ToString("R", CultureInfo.InvariantCulture);
    }

    public static void WriteVersion(S3Request request, ObjectVersion version)
    {
        if (request.Bucket.Bucket.Versioning != BucketVersioning.Unversioned) request.Response.Headers["x-amz-version-id"] = version.VersionId;
    }

    public static void WriteEncryption(HttpResponse response, bool isEncrypted)
    {
        if (isEncrypted) response.Headers["x-amz-server-side-encryption"] = "AES256";
    }

    /// <summary>Sets the headers that the query asks to be set.</summary>
    /// <returns>What is wrong with them, or null.</returns>
    public static S3Error? WriteOverrides(S3Request request)
    {
        foreach ((string parameter, string header) in Overrides)
        {
            if (request.Query[parameter] is not { } value) continue;
            if (request.Principal is null)
                return S3Error.InvalidRequest("Request specific response headers cannot be used for anonymous GET requests.");
            if (value.Any(char.IsControl)) return S3Error.InvalidArgument("The response header is not valid", parameter, value);
            // Headers go out a byte for each character: this is the value's UTF-8.
            request.Response.Headers[header] = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(value));
        }

        return null;
    }
}
