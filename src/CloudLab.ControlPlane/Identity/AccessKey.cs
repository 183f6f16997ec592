namespace CloudLab.ControlPlane.Identity;

/// <summary>The row of an access key: what signs S3 requests in a user's name.</summary>
public sealed class AccessKey
{
    private AccessKey()
    {
    }

    public AccessKey(User user, AccessKeyId id, byte[] secret, Role role, DateTimeOffset createdAt, DateTimeOffset? expiresAt)
    {
        Id = id;
        AccountId = user.AccountId;
        UserId = user.Id;
        Secret = secret;
        Role = role;
        CreatedAt = createdAt;
        ExpiresAt = expiresAt;
    }

    public AccessKeyId Id { get; private set; }

    public AccountId AccountId { get; private set; }

    public UserId UserId { get; private set; }

    /// <summary>
    /// The secret, sealed by <see cref="MasterKey"/> with the id as associated data: a signature is checked with the
    /// secret itself, so a hash would not do.
    /// </summary>
    public byte[] Secret { get; private set; } = [];

    /// <summary>The most it may do; its user's role bounds it further.</summary>
    public Role Role { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>From when on it is refused, or null for never. A key made with a token that expires ends with the token.</summary>
    public DateTimeOffset? ExpiresAt { get; private set; }

    public DateTimeOffset? RevokedAt { get; private set; }

    /// <summary>When it was last used, to a minute, or null.</summary>
    public DateTimeOffset? LastUsedAt { get; private set; }

    internal void Revoke(DateTimeOffset now) => RevokedAt ??= now;
}
