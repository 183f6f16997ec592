using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Objects;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;

namespace CloudLab.Server.S3.Access;

/// <summary>The ACL that PutBucketAcl and PutObjectAcl bring, in headers or as a document.</summary>
internal static class AclRequest
{
    public static async ValueTask<S3Result<AccessControlList>> ReadAsync(S3Request request, S3Owner owner, IS3Credentials credentials)
    {
        S3Result<byte[]> body = await S3Document.ReadAsync(request, S3Document.MaxConfiguration);
        if (!body.IsOk) return body.Error;
        BucketAccess bucket = request.Bucket;
        S3Result<AccessControlList> acl;
        if (AclHeaders.Has(request))
        {
            if (body.Value.Length > 0) return new S3Error(S3ErrorCode.InvalidRequest, "This request does not support content");
            acl = await AclHeaders.ReadAsync(request, owner, bucket.Owner, credentials);
        }
        else if (body.Value.Length == 0)
        {
            return new S3Error(S3ErrorCode.MissingSecurityHeader, "Your request was missing a required header");
        }
        else
        {
            acl = await AclXml.ReadAsync(body.Value, owner, credentials, request.Aborted);
        }

        if (!acl.IsOk) return acl.Error;
        // Where ACLs do not count, only those may be set that say what is so.
        if (bucket.IsOwnerEnforced && !acl.Value.IsPrivate) return ObjectWrites.AclNotSupported;
        return bucket.PublicAccessBlock.BlockPublicAcls && acl.Value.IsPublic ? S3Error.AccessDenied : acl;
    }
}
