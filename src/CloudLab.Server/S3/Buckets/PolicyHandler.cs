using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Objects;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;

namespace CloudLab.Server.S3.Buckets;

/// <summary>GetBucketPolicy, PutBucketPolicy, DeleteBucketPolicy and GetBucketPolicyStatus.</summary>
internal sealed class PolicyHandler(BucketSettings settings)
{
    public async Task<S3Error?> GetAsync(S3Request request)
    {
        S3Result<byte[]> document = settings.Get(
            request, BucketConfiguration.Policy, S3ErrorCode.NoSuchBucketPolicy, "The bucket policy does not exist");
        return document.IsOk ? await S3Response.WriteAsync(request, document.Value, "application/json") : document.Error;
    }

    public async Task<S3Error?> PutAsync(S3Request request)
    {
        S3Result<byte[]> body = await S3Document.ReadAsync(request, S3Document.MaxConfiguration);
        if (!body.IsOk) return body.Error;
        if (body.Value.Length > PolicyParser.MaxBytes)
            return new S3Error(S3ErrorCode.MalformedPolicy, $"Policy exceeds the maximum allowed document size of {PolicyParser.MaxBytes} bytes");
        S3Result<BucketPolicy> policy = PolicyParser.Parse(body.Value, request.BucketName);
        if (!policy.IsOk) return policy.Error;
        if (request.Bucket.PublicAccessBlock.BlockPublicPolicy && policy.Value.IsPublic) return S3Error.AccessDenied;
        return await settings.SetAsync(request, BucketConfiguration.Policy, body.Value) ?? S3Response.NoContent(request);
    }

    public async Task<S3Error?> DeleteAsync(S3Request request) =>
        await settings.SetAsync(request, BucketConfiguration.Policy, null) ?? S3Response.NoContent(request);

    /// <summary>Whether the bucket is open to everybody, by its policy or its ACL.</summary>
    public static Task<S3Error?> GetStatusAsync(S3Request request)
    {
        BucketAccess bucket = request.Bucket;
        bool byPolicy = bucket.Policy?.IsPublic == true && !bucket.PublicAccessBlock.RestrictPublicBuckets;
        bool byAcl = bucket.Acl.IsPublic && !bucket.IsOwnerEnforced && !bucket.PublicAccessBlock.IgnorePublicAcls;
        using var writer = new S3XmlWriter("PolicyStatus");
        return S3Response.WriteAsync(request, writer.Add("IsPublic", byPolicy || byAcl));
    }
}
