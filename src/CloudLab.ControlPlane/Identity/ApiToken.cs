namespace CloudLab.ControlPlane.Identity;

/// <summary>The row of an API token. The token itself is known to its holder only.</summary>
public sealed class ApiToken
{
    private ApiToken()
    {
    }

    public ApiToken(AccountId accountId, string name, Role role, byte[] hash, DateTimeOffset createdAt, DateTimeOffset? expiresAt)
    {
        Id = TokenId.New();
        AccountId = accountId;
        Name = name;
        Role = role;
        Hash = hash;
        CreatedAt = createdAt;
        ExpiresAt = expiresAt;
    }

    public TokenId Id { get; private set; }

    public AccountId AccountId { get; private set; }

    /// <summary>What its holder calls it.</summary>
    public string Name { get; private set; } = "";

    public Role Role { get; private set; }

    /// <summary>SHA-256 of the token's UTF-8 bytes. The token is 256 random bits, so it needs neither salt nor stretching.</summary>
    public byte[] Hash { get; private set; } = [];

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>From when on it is refused, or null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; private set; }

    public DateTimeOffset? RevokedAt { get; private set; }

    public bool IsValidAt(DateTimeOffset now) => RevokedAt is null && (ExpiresAt is null || now < ExpiresAt);

    internal void Revoke(DateTimeOffset now) => RevokedAt ??= now;

    /// <summary>The operator chose a former administrator's token again.</summary>
    internal void Reinstate() => RevokedAt = null;
}
