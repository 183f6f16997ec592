namespace CloudLab.ControlPlane.Identity;

/// <summary>The row of an API token. The token itself is known to its holder only.</summary>
public sealed class ApiToken
{
    private ApiToken()
    {
    }

    public ApiToken(User user, string name, Role role, byte[] hash, DateTimeOffset createdAt, DateTimeOffset? expiresAt)
    {
        Id = TokenId.New();
        AccountId = user.AccountId;
        UserId = user.Id;
        Name = name;
        Role = role;
        Hash = hash;
        CreatedAt = createdAt;
        ExpiresAt = expiresAt;
    }

    public TokenId Id { get; private set; }

    public AccountId AccountId { get; private set; }

    /// <summary>In whose name it acts. Null only in a row of a version before users, until <c>DataUpgrade</c> has seen it; such a token is refused.</summary>
    public UserId? UserId { get; private set; }

    /// <summary>What its holder calls it.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The most it may do; its user's role bounds it further.</summary>
    public Role Role { get; private set; }

    /// <summary>SHA-256 of the token's UTF-8 bytes. The token is 256 random bits, so it needs neither salt nor stretching.</summary>
    public byte[] Hash { get; private set; } = [];

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>From when on it is refused, or null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; private set; }

    public DateTimeOffset? RevokedAt { get; private set; }

    /// <summary>When it was last used, to a minute, or null.</summary>
    public DateTimeOffset? LastUsedAt { get; private set; }

    internal void Revoke(DateTimeOffset now) => RevokedAt ??= now;

    /// <summary>The operator chose a former administrator's token again.</summary>
    internal void Reinstate(User user)
    {
        RevokedAt = null;
        UserId = user.Id;
        Role = Role.Admin;
    }
}
