using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;

namespace CloudLab.Server.S3.Buckets;

/// <summary>GetBucketAcl and PutBucketAcl; ownership controls and the public access block.</summary>
internal sealed class BucketAclHandler(BucketSettings settings, IS3Credentials credentials)
{
    public static Task<S3Error?> GetAsync(S3Request request) => S3Response.WriteXmlAsync(
        request, AclXml.Write(request.Bucket.IsOwnerEnforced ? AccessControlList.Private(request.Bucket.Owner) : request.Bucket.Acl));

    public async Task<S3Error?> PutAsync(S3Request request)
    {
        S3Result<AccessControlList> acl = await AclRequest.ReadAsync(request, request.Bucket.Owner, credentials);
        if (!acl.IsOk) return acl.Error;
        return await settings.SetAsync(request, BucketConfiguration.Acl, AclXml.Write(acl.Value)) ?? S3Response.Empty(request);
    }

    public async Task<S3Error?> GetOwnershipAsync(S3Request request)
    {
        S3Result<byte[]> document = settings.Get(
            request, BucketConfiguration.Ownership, S3ErrorCode.OwnershipControlsNotFoundError, "The bucket ownership controls were not found");
        return document.IsOk ? await S3Response.WriteXmlAsync(request, document.Value) : document.Error;
    }

    public async Task<S3Error?> PutOwnershipAsync(S3Request request)
    {
        S3Result<byte[]> body = await BucketSettings.ReadAsync(request);
        if (!body.IsOk) return body.Error;
        S3Result<ObjectOwnership> ownership = AccessXml.ReadOwnership(body.Value);
        if (!ownership.IsOk) return ownership.Error;
        if (ownership.Value == ObjectOwnership.BucketOwnerEnforced && !request.Bucket.Acl.IsPrivate)
        {
            return new S3Error(
                S3ErrorCode.InvalidBucketAclWithObjectOwnership, "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
        }

        return await settings.SetAsync(request, BucketConfiguration.Ownership, AccessXml.Write(ownership.Value)) ?? S3Response.Empty(request);
    }

    public async Task<S3Error?> DeleteOwnershipAsync(S3Request request) =>
        await settings.SetAsync(request, BucketConfiguration.Ownership, null) ?? S3Response.NoContent(request);

    public async Task<S3Error?> GetPublicAccessBlockAsync(S3Request request)
    {
        S3Result<byte[]> document = settings.Get(
            request,
            BucketConfiguration.PublicAccessBlock,
            S3ErrorCode.NoSuchPublicAccessBlockConfiguration,
            "The public access block configuration was not found");
        return document.IsOk ? await S3Response.WriteXmlAsync(request, document.Value) : document.Error;
    }

    public async Task<S3Error?> PutPublicAccessBlockAsync(S3Request request)
    {
        S3Result<byte[]> body = await BucketSettings.ReadAsync(request);
        if (!body.IsOk) return body.Error;
        S3Result<PublicAccessBlock> block = AccessXml.ReadPublicAccessBlock(body.Value);
        if (!block.IsOk) return block.Error;
        return await settings.SetAsync(request, BucketConfiguration.PublicAccessBlock, AccessXml.Write(block.Value)) ?? S3Response.Empty(request);
    }

    public async Task<S3Error?> DeletePublicAccessBlockAsync(S3Request request) =>
        await settings.SetAsync(request, BucketConfiguration.PublicAccessBlock, null) ?? S3Response.NoContent(request);
}
