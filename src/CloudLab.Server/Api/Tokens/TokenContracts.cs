using CloudLab.ControlPlane.Identity;

namespace CloudLab.Server.Api.Tokens;

/// <summary>A request for a token.</summary>
internal sealed record CreateTokenRequest
{
    /// <summary>What you call it: 1 to 128 characters.</summary>
    /// <example>laptop</example>
    public required string Name { get; init; }

    /// <summary>For whom, for administrators; left out for yourself.</summary>
    /// <example>null</example>
    public string? UserId { get; init; }

    /// <summary>The most it may do; left out for as much as the user and the token in use may.</summary>
    /// <example>operator</example>
    public Role? Role { get; init; }

    /// <summary>When it ends; left out for never, or with the token in use where that ends.</summary>
    /// <example>2099-12-31T00:00:00Z</example>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A token that was just made.</summary>
internal sealed record CreateTokenResponse
{
    /// <summary>The token's id, for lists and to revoke it.</summary>
    /// <example>tok-0123456789abcdef0</example>
    public required string TokenId { get; init; }

    /// <summary>The token itself, for <c>Authorization: Bearer</c>. Shown this once.</summary>
    /// <example>cloudlab_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA</example>
    public required string Token { get; init; }

    /// <summary>In whose name it acts.</summary>
    /// <example>usr-0123456789abcdef0</example>
    public required string UserId { get; init; }

    /// <summary>What you call it.</summary>
    /// <example>laptop</example>
    public required string Name { get; init; }

    /// <summary>The most it may do.</summary>
    public required Role Role { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it ends; null for never.</summary>
    /// <example>2099-12-31T00:00:00Z</example>
    public required DateTimeOffset? ExpiresAt { get; init; }

    public static CreateTokenResponse Of(NewToken created) => new()
    {
        TokenId = created.Token.Id.Value,
        Token = created.Secret,
        UserId = created.Token.UserId!.Value.Value,
        Name = created.Token.Name,
        Role = created.Token.Role,
        CreatedAt = created.Token.CreatedAt,
        ExpiresAt = created.Token.ExpiresAt,
    };
}

/// <summary>One page of tokens.</summary>
internal sealed record TokenList
{
    /// <summary>Newest first. What was revoked or has expired is shown for seven days.</summary>
    public required IReadOnlyList<TokenView> Tokens { get; init; }

    /// <summary>Asks for the next page as <c>?nextToken=</c>; null on the last one.</summary>
    /// <example>null</example>
    public required string? NextToken { get; init; }
}

/// <summary>An API token, without what its holder knows.</summary>
internal sealed record TokenView
{
    /// <summary>The token's id.</summary>
    /// <example>tok-0123456789abcdef0</example>
    public required string TokenId { get; init; }

    /// <summary>In whose name it acts.</summary>
    /// <example>usr-0123456789abcdef0</example>
    public required string? UserId { get; init; }

    /// <summary>What its holder calls it.</summary>
    /// <example>laptop</example>
    public required string Name { get; init; }

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

    public static TokenView Of(TokenDetails token) => new()
    {
        TokenId = token.Id.Value,
        UserId = token.UserId?.Value,
        Name = token.Name,
        Role = token.Role,
        CreatedAt = token.CreatedAt,
        ExpiresAt = token.ExpiresAt,
        RevokedAt = token.RevokedAt,
        LastUsedAt = token.LastUsedAt,
    };
}
