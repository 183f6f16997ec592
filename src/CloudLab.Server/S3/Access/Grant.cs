namespace CloudLab.Server.S3.Access;

/// <summary>What a grant allows. On a bucket READ lists and WRITE writes and deletes objects; on an object READ reads it.</summary>
internal enum AclPermission
{
    Read,
    Write,
    ReadAcp,
    WriteAcp,
    FullControl,
}

/// <summary>Who gets a grant: a canonical user, or a group by its URI.</summary>
/// <param name="Id">The canonical user id, or null for a group.</param>
/// <param name="DisplayName">The user's name, or null.</param>
/// <param name="Uri">The group, or null for a user.</param>
internal sealed record Grantee(string? Id, string? DisplayName, string? Uri)
{
    public const string AllUsersUri = "http://acs.amazonaws.com/groups/global/AllUsers";
    public const string AuthenticatedUsersUri = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
    public const string LogDeliveryUri = "http://acs.amazonaws.com/groups/s3/LogDelivery";

    public static Grantee AllUsers { get; } = new(null, null, AllUsersUri);

    public static Grantee AuthenticatedUsers { get; } = new(null, null, AuthenticatedUsersUri);

    public static Grantee LogDelivery { get; } = new(null, null, LogDeliveryUri);

    /// <summary>Whether everybody, or everybody with a key of any account, is meant.</summary>
    public bool IsPublic => Uri is AllUsersUri or AuthenticatedUsersUri;

    public static Grantee Of(Auth.S3Owner owner) => new(owner.Id, owner.DisplayName, null);

    public static bool IsGroup(string uri) => uri is AllUsersUri or AuthenticatedUsersUri or LogDeliveryUri;

    /// <summary>Whether a caller is meant; null is nobody known.</summary>
    public bool Covers(string? callerId) => Uri switch
    {
        null => callerId is not null && callerId == Id,
        AllUsersUri => true,
        AuthenticatedUsersUri => callerId is not null,
        _ => false,
    };
}

/// <summary>One line of an ACL.</summary>
/// <param name="Grantee">Who.</param>
/// <param name="Permission">What.</param>
internal sealed record Grant(Grantee Grantee, AclPermission Permission);
