using CloudLab.ControlPlane.Identity;

namespace CloudLab.Server.Api.AccessKeys;

/// <summary>A request for an access key; everything can be left out.</summary>
internal sealed record CreateAccessKeyRequest
{
    /// <summary>For whom, for administrators; left out for yourself.</summary>
    /// <example>null</example>
    public string? UserId { get; init; }

    /// <summary>The most it may do; left out for as much as the user and the token in use may.</summary>
    /// <example>operator</example>
    public Role? Role { get; init; }

    /// <summary>The id of a key that is imported: 3 to 128 letters, digits and -_.+=@$. Left out to make one.</summary>
    /// <example>null</example>
    public string? AccessKeyId { get; init; }

    /// <summary>The secret of a key that is imported: 8 to 128 printable ASCII characters without spaces.</summary>
    /// <example>null</example>
    public string? SecretAccessKey { get; init; }
}

/// <summary>An access key that was just made or imported.</summary>
internal sealed record CreateAccessKeyResponse
{
    /// <summary>The key's id.</summary>
    /// <example>AKIAABCDEFGHIJKLMNOP</example>
    public required string AccessKeyId { get; init; }

    /// <summary>What requests are signed with. Shown this once.</summary>
    /// <example>wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab</example>
    public required string SecretAccessKey { get; init; }

    /// <summary>The account's id in S3's owners and grants.</summary>
    /// <example>79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be</example>
    public required string CanonicalUserId { get; init; }

    /// <summary>The account's name in S3's owners and grants.</summary>
    /// <example>default</example>
    public required string DisplayName { get; init; }

    /// <summary>In whose name it signs.</summary>
    /// <example>usr-0123456789abcdef0</example>
    public required string UserId { get; init; }

    /// <summary>The most it may do.</summary>
    public required Role Role { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it ends, which is when the token that made it does; null for never.</summary>
    /// <example>null</example>
    public required DateTimeOffset? ExpiresAt { get; init; }

    public static CreateAccessKeyResponse Of(NewAccessKey created) => new()
    {
        AccessKeyId = created.Key.Id.Value,
        SecretAccessKey = created.Secret,
        CanonicalUserId = created.CanonicalUserId,
        DisplayName = created.AccountName,
        UserId = created.Key.UserId.Value,
        Role = created.Key.Role,
        CreatedAt = created.Key.CreatedAt,
        ExpiresAt = created.Key.ExpiresAt,
    };
}

/// <summary>One page of access keys.</summary>
internal sealed record AccessKeyList
{
    /// <summary>Newest first. What was revoked or has expired is shown for seven days.</summary>
    public required IReadOnlyList<AccessKeyView> AccessKeys { get; init; }

    /// <summary>Asks for the next page as <c>?nextToken=</c>; null on the last one.</summary>
    /// <example>null</example>
    public required string? NextToken { get; init; }
}

/// <summary>An access key, without its secret.</summary>
internal sealed record AccessKeyView
{
    /// <summary>The key's id.</summary>
    /// <example>AKIAABCDEFGHIJKLMNOP</example>
    public required string AccessKeyId { get; init; }

    /// <summary>In whose name it signs.</summary>
    /// <example>usr-0123456789abcdef0</example>
    public required string UserId { get; init; }

    /// <summary>The most it may do; its user's role bounds it further.</summary>
    public required Role Role { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it ends; null for never.</summary>
    /// <example>null</example>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it was revoked, or null.</summary>
    /// <example>null</example>
    public required DateTimeOffset? RevokedAt { get; init; }

    /// <summary>When it was last used, written down once a minute; null for never.</summary>
    /// <example>null</example>
    public required DateTimeOffset? LastUsedAt { get; init; }

    public static AccessKeyView Of(AccessKeyDetails key) => new()
    {
        AccessKeyId = key.Id.Value,
        UserId = key.UserId.Value,
        Role = key.Role,
        CreatedAt = key.CreatedAt,
        ExpiresAt = key.ExpiresAt,
        RevokedAt = key.RevokedAt,
        LastUsedAt = key.LastUsedAt,
    };
}
