using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>What <c>x-amz-copy-source</c> names.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Key">The key.</param>
/// <param name="VersionId">The version, or null for the current one.</param>
internal sealed record CopySource(string Bucket, string Key, string? VersionId)
{
    public const string Header = "x-amz-copy-source";
    private const string VersionParameter = "?versionId=";

    /// <summary>Parses the header: <c>[/]bucket/key[?versionId=id]</c>, encoded.</summary>
    public static S3Result<CopySource> Parse(string text)
    {
        int version = text.LastIndexOf(VersionParameter, StringComparison.Ordinal);
        string path = version < 0 ? text : text[..version];
        string? versionId = version < 0 ? null : text[(version + VersionParameter.Length)..];
        var invalid = S3Error.InvalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey", Header, text);
        if (!S3UriCodec.TryDecode(path, plusIsSpace: true, out string? decoded)) return invalid;
        ReadOnlySpan<char> rest = decoded.StartsWith('/') ? decoded.AsSpan(1) : decoded;
        int slash = rest.IndexOf('/');
        if (slash <= 0 || slash == rest.Length - 1) return invalid;
        return new CopySource(rest[..slash].ToString(), rest[(slash + 1)..].ToString(), versionId is { Length: > 0 } ? versionId : null);
    }
}

/// <summary>An open source of a copy, which the caller may read and whose conditions hold.</summary>
/// <param name="Source">What was named.</param>
/// <param name="Bucket">Its bucket.</param>
/// <param name="Reader">Its bytes.</param>
internal sealed record OpenCopySource(CopySource Source, BucketAccess Bucket, ObjectReader Reader) : IDisposable
{
    public void Dispose() => Reader.Dispose();

    /// <summary>Tells which version was copied.</summary>
    public void WriteVersion(HttpResponse response)
    {
        if (Bucket.Bucket.Versioning != BucketVersioning.Unversioned)
            response.Headers["x-amz-copy-source-version-id"] = Reader.Version.VersionId;
    }
}

/// <summary>Opens sources of copies.</summary>
internal sealed class CopySources(ObjectStore store, BucketAccessReader buckets, ObjectAccess access)
{
    public S3Result<OpenCopySource> Open(S3Request request)
    {
        S3Result<CopySource> parsed = CopySource.Parse(request.Header(CopySource.Header)!);
        if (!parsed.IsOk) return parsed.Error;
        CopySource source = parsed.Value;
        S3Result<BucketAccess> bucket = buckets.Read(source.Bucket);
        if (!bucket.IsOk) return bucket.Error;
        S3Permission permission = S3Permission.Of(S3Operation.GetObject);
        StoreResult<ObjectReader> opened = store.OpenObject(source.Bucket, source.Key, source.VersionId);
        if (!opened.IsOk)
        {
            S3Error error = opened.Failure.Error == StoreError.IsDeleteMarker
                ? S3Error.InvalidRequest("The source of a copy request may not specifically refer to a delete marker by version id.")
                : StoreErrors.Map(opened.Failure, source.Bucket);
            return access.Missing(request, bucket.Value, source.Key, source.VersionId, permission, error);
        }

        S3Error? refused = access.Check(request, bucket.Value, source.Key, source.VersionId, opened.Value.Version, permission)
            ?? ReadConditions.OfCopySource(request).Check(opened.Value.Version);
        if (refused is null) return new OpenCopySource(source, bucket.Value, opened.Value);
        opened.Value.Dispose();
        return refused.Code == S3ErrorCode.NotModified ? S3Error.PreconditionFailed("x-amz-copy-source-If-None-Match") : refused;
    }
}
