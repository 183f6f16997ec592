using CloudLab.ControlPlane.Identity;

namespace CloudLab.Server.Api.Me;

/// <summary>Who calls.</summary>
internal sealed record MeView
{
    /// <summary>The account on whose resources the caller acts.</summary>
    /// <example>123456789012</example>
    public required string AccountId { get; init; }

    /// <summary>The account's name.</summary>
    /// <example>default</example>
    public required string AccountName { get; init; }

    /// <summary>Whether the account manages the others.</summary>
    /// <example>true</example>
    public required bool Management { get; init; }

    /// <summary>The user in whose name the caller acts.</summary>
    /// <example>usr-0123456789abcdef0</example>
    public required string UserId { get; init; }

    /// <summary>The user's name.</summary>
    /// <example>admin</example>
    public required string UserName { get; init; }

    /// <summary>What the token may do: the lesser of its own role and its user's.</summary>
    public required Role Role { get; init; }

    /// <summary>The token's id.</summary>
    /// <example>tok-0123456789abcdef0</example>
    public required string TokenId { get; init; }

    /// <summary>When the token ends; null for never.</summary>
    /// <example>null</example>
    public required DateTimeOffset? TokenExpiresAt { get; init; }

    public static MeView Of(Caller caller) => new()
    {
        AccountId = caller.AccountId.Value,
        AccountName = caller.AccountName,
        Management = caller.IsManagement,
        UserId = caller.UserId.Value,
        UserName = caller.UserName,
        Role = caller.Role,
        TokenId = caller.TokenId.Value,
        TokenExpiresAt = caller.ExpiresAt,
    };
}
