using System.Xml.Linq;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Buckets;

/// <summary>GetBucketVersioning and PutBucketVersioning.</summary>
internal sealed class VersioningHandler(ObjectStore store)
{
    public static Task<S3Error?> GetAsync(S3Request request)
    {
        using var writer = new S3XmlWriter("VersioningConfiguration");
        BucketVersioning versioning = request.Bucket.Bucket.Versioning;
        if (versioning != BucketVersioning.Unversioned) writer.Add("Status", versioning.ToString());
        return S3Response.WriteAsync(request, writer);
    }

    public async Task<S3Error?> PutAsync(S3Request request)
    {
        S3Result<byte[]> body = await BucketSettings.ReadAsync(request);
        if (!body.IsOk) return body.Error;
        S3Result<XElement> parsed = S3XmlReader.Parse(body.Value, "VersioningConfiguration");
        if (!parsed.IsOk) return parsed.Error;
        if (parsed.Value.Text("MfaDelete") is { } mfa && !mfa.Equals("Disabled", StringComparison.OrdinalIgnoreCase)) return S3Error.NotImplemented("MfaDelete");
        BucketVersioning? wanted = parsed.Value.Text("Status") switch
        {
            "Enabled" => BucketVersioning.Enabled,
            "Suspended" => BucketVersioning.Suspended,
            _ => null,
        };
        if (wanted is not { } versioning)
            return new S3Error(S3ErrorCode.MalformedXML, "The XML you provided was not well-formed or did not validate against our published schema");
        StoreResult<Bucket> set = await store.SetVersioningAsync(request.BucketName, versioning, request.Aborted);
        return set.IsOk ? S3Response.Empty(request) : StoreErrors.Map(set.Failure, request.BucketName);
    }
}
