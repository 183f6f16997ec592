using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Buckets;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>What PutObject, CopyObject and CreateMultipartUpload have in common: attributes, ACL, owner, permission.</summary>
internal sealed class ObjectWrites(ObjectStore store, S3Authorizer authorizer, IS3Credentials credentials)
{
    /// <summary>The attributes that a new object gets, if the caller may write it.</summary>
    public async ValueTask<S3Result<ObjectAttributes>> PrepareAsync(S3Request request)
    {
        bool isEncrypted = store.GetBucketConfiguration(request.BucketName, BucketConfiguration.Encryption) is not null;
        S3Result<ObjectAttributes> read = ObjectAttributesReader.Read(request, isEncrypted);
        if (!read.IsOk) return read.Error;
        S3Permission permission = S3Permission.Of(request.Operation);
        var question = new AccessQuestion(permission.Action, request.Key, permission.Acl) { RequestTags = read.Value.Tags };
        if (authorizer.Check(request, request.Bucket, question) is { } denied) return denied;
        S3Result<AccessControlList> acl = await ReadAclAsync(request);
        if (!acl.IsOk) return acl.Error;
        ObjectAttributes attributes = read.Value with { OwnerId = acl.Value.Owner.Id };
        if (acl.Value.IsPrivate) return attributes;
        return attributes with { Documents = new Dictionary<string, byte[]> { [ObjectAccess.AclDocument] = AclXml.Write(acl.Value) } };
    }

    /// <summary>The ACL that a new object gets; its owner is the object's.</summary>
    private async ValueTask<S3Result<AccessControlList>> ReadAclAsync(S3Request request)
    {
        BucketAccess bucket = request.Bucket;
        string? canned = request.Header("x-amz-acl");
        if (bucket.IsOwnerEnforced)
        {
            return AclHeaders.Has(request) && canned is not CannedAcl.BucketOwnerFullControl
                ? AclNotSupported
                : AccessControlList.Private(bucket.Owner);
        }

        // Nobody known owns nothing: what strangers write belongs to the bucket's owner.
        S3Owner writer = request.Principal?.Owner ?? bucket.Owner;
        bool isGivenAway = bucket.Ownership == ObjectOwnership.BucketOwnerPreferred && canned == CannedAcl.BucketOwnerFullControl;
        S3Owner owner = isGivenAway ? bucket.Owner : writer;
        S3Result<AccessControlList> acl = await AclHeaders.ReadAsync(request, owner, bucket.Owner, credentials);
        if (!acl.IsOk) return acl.Error;
        return bucket.PublicAccessBlock.BlockPublicAcls && acl.Value.IsPublic ? S3Error.AccessDenied : acl;
    }

    public static S3Error AclNotSupported { get; } = new(S3ErrorCode.AccessControlListNotSupported, "The bucket does not allow ACLs");
}
