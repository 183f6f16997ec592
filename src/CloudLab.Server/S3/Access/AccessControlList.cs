using CloudLab.Server.S3.Auth;

namespace CloudLab.Server.S3.Access;

/// <summary>The ACL of a bucket or an object.</summary>
/// <param name="Owner">Who owns it; may always read and write the ACL itself.</param>
/// <param name="Grants">Who may do what besides.</param>
internal sealed record AccessControlList(S3Owner Owner, IReadOnlyList<Grant> Grants)
{
    // As S3.
    public const int MaxGrants = 100;

    public bool IsPublic => Grants.Any(grant => grant.Grantee.IsPublic);

    /// <summary>Whether it gives its owner everything and nobody else anything.</summary>
    public bool IsPrivate => Grants is [{ Permission: AclPermission.FullControl } only] && only.Grantee.Id == Owner.Id;

    public static AccessControlList Private(S3Owner owner) => new(owner, [new Grant(Grantee.Of(owner), AclPermission.FullControl)]);

    /// <summary>Whether a caller may do what a permission stands for.</summary>
    /// <param name="callerId">The canonical user id, or null for nobody known.</param>
    /// <param name="permission">The permission.</param>
    /// <param name="ignorePublic">Whether grants to everybody do not count.</param>
    public bool Allows(string? callerId, AclPermission permission, bool ignorePublic)
    {
        if (callerId == Owner.Id && permission is (AclPermission.ReadAcp or AclPermission.WriteAcp)) return true;
        foreach (Grant grant in Grants)
        {
            if (ignorePublic && grant.Grantee.IsPublic) continue;
            if ((grant.Permission == permission || grant.Permission == AclPermission.FullControl) && grant.Grantee.Covers(callerId)) return true;
        }

        return false;
    }
}
