namespace CloudLab.ControlPlane.Identity;

/// <summary>Who makes a request, as a verified token says.</summary>
public sealed record Caller
{
    /// <summary>The account on whose resources the caller acts.</summary>
    public required AccountId AccountId { get; init; }

    public required string AccountName { get; init; }

    /// <summary>Whether the account manages the others: see <see cref="Account.IsManagement"/>.</summary>
    public required bool IsManagement { get; init; }

    public required UserId UserId { get; init; }

    public required string UserName { get; init; }

    /// <summary>By which token.</summary>
    public required TokenId TokenId { get; init; }

    /// <summary>What it may do: the lesser of the token's role and its user's.</summary>
    public required Role Role { get; init; }

    /// <summary>From when on the token is refused, or null for never.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }
}
