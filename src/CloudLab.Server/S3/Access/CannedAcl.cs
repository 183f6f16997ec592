using CloudLab.Server.S3.Auth;

namespace CloudLab.Server.S3.Access;

/// <summary>The ACLs that have a name.</summary>
/// <remarks>Amazon S3 User Guide, "Access control list (ACL) overview", "Canned ACL".</remarks>
internal static class CannedAcl
{
    public const string Private = "private";
    public const string BucketOwnerFullControl = "bucket-owner-full-control";

    /// <summary>The ACL of that name, or null when there is none of that name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="owner">Who owns what the ACL is for.</param>
    /// <param name="bucketOwner">Who owns the bucket.</param>
    public static AccessControlList? Find(string name, S3Owner owner, S3Owner bucketOwner)
    {
        Grant? second = name switch
        {
            "public-read" or "public-read-write" => new Grant(Grantee.AllUsers, AclPermission.Read),
            "authenticated-read" => new Grant(Grantee.AuthenticatedUsers, AclPermission.Read),
            "log-delivery-write" => new Grant(Grantee.LogDelivery, AclPermission.Write),
            "bucket-owner-read" when bucketOwner.Id != owner.Id => new Grant(Grantee.Of(bucketOwner), AclPermission.Read),
            BucketOwnerFullControl when bucketOwner.Id != owner.Id => new Grant(Grantee.Of(bucketOwner), AclPermission.FullControl),
            _ => null,
        };
        Grant? third = name switch
        {
            "public-read-write" => new Grant(Grantee.AllUsers, AclPermission.Write),
            "log-delivery-write" => new Grant(Grantee.LogDelivery, AclPermission.ReadAcp),
            _ => null,
        };
        bool isKnown = second is not null || name is Private or "aws-exec-read" or "bucket-owner-read" or BucketOwnerFullControl;
        if (!isKnown) return null;
        List<Grant> grants = [new Grant(Grantee.Of(owner), AclPermission.FullControl)];
        if (second is not null) grants.Add(second);
        if (third is not null) grants.Add(third);
        return new AccessControlList(owner, grants);
    }
}
