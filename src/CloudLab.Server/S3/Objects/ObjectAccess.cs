using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>Access to objects that are there, or are not.</summary>
internal sealed class ObjectAccess(S3Authorizer authorizer)
{
    /// <summary>The kind of the document that holds an object's ACL; without one the ACL is private.</summary>
    public const string AclDocument = "acl";

    /// <summary>The ACL of a version.</summary>
    public static AccessControlList AclOf(ObjectVersion version, BucketAccess bucket)
    {
        if (version.Attributes.Documents.TryGetValue(AclDocument, out byte[]? document) && AclXml.ReadStored(document) is { } acl) return acl;
        return AccessControlList.Private(OwnerOf(version, bucket));
    }

    /// <summary>Who owns a version; by id only, where it is not the bucket's owner.</summary>
    public static S3Owner OwnerOf(ObjectVersion version, BucketAccess bucket) =>
        version.Attributes.OwnerId == bucket.Owner.Id || bucket.IsOwnerEnforced || version.Attributes.OwnerId.Length == 0
            ? bucket.Owner
            : new S3Owner(version.Attributes.OwnerId, version.Attributes.OwnerId);

    /// <summary>Null if the caller may do what the operation does with this version.</summary>
    public S3Error? Check(S3Request request, BucketAccess bucket, string key, string? versionId, ObjectVersion version, S3Permission permission) =>
        authorizer.Check(request, bucket, new AccessQuestion(ActionOf(permission, versionId), key, permission.Acl)
        {
            ObjectAcl = permission.Acl is null ? null : AclOf(version, bucket),
            ExistingTags = version.Attributes.Tags,
        });

    /// <summary>
    /// The answer where there is no such version: that, for those who may list the bucket or read what were there; for
    /// others AccessDenied, so that they learn nothing of what there is.
    /// </summary>
    public S3Error Missing(S3Request request, BucketAccess bucket, string key, string? versionId, S3Permission permission, S3Error answer)
    {
        bool mayKnow = authorizer.IsAllowed(request, bucket, new AccessQuestion(ActionOf(permission, versionId), key, AclPermission.Read))
            && authorizer.IsAllowed(request, bucket, new AccessQuestion("s3:ListBucket", null, AclPermission.Read));
        return mayKnow ? answer : S3Error.AccessDenied;
    }

    private static string ActionOf(S3Permission permission, string? versionId) =>
        versionId is null ? permission.Action : permission.VersionAction ?? permission.Action;
}
