using CloudLab.Server.S3.Auth;

namespace CloudLab.Server.S3.Access;

/// <summary>Finds whom a grant names.</summary>
internal static class GranteeLookup
{
    public static async ValueTask<S3Result<Grantee>> ByIdAsync(string id, IS3Credentials credentials, CancellationToken cancellationToken) =>
        await credentials.FindOwnerAsync(id, cancellationToken) is { } owner
            ? Grantee.Of(owner)
            : S3Error.InvalidArgument("Invalid id", "CanonicalUser/ID", id);

    public static async ValueTask<S3Result<Grantee>> ByEmailAsync(string email, IS3Credentials credentials, CancellationToken cancellationToken) =>
        await credentials.FindOwnerByEmailAsync(email, cancellationToken) is { } owner
            ? Grantee.Of(owner)
            : new S3Error(S3ErrorCode.UnresolvableGrantByEmailAddress, "The e-mail address you provided does not match any account on record.");

    public static S3Result<Grantee> ByUri(string uri) =>
        Grantee.IsGroup(uri) ? new Grantee(null, null, uri) : S3Error.InvalidArgument("Invalid group uri", "Group/URI", uri);
}
