namespace CloudLab.ControlPlane.Identity;

/// <summary>A request for a token.</summary>
public sealed record CreateToken
{
    /// <summary>What its holder calls it: 1 to 128 characters.</summary>
    public required string Name { get; init; }

    /// <summary>For whom; null for the caller.</summary>
    public UserId? User { get; init; }

    /// <summary>The most it may do; null for as much as the user and the caller may.</summary>
    public Role? Role { get; init; }

    /// <summary>When it ends; null for never, or with the caller's token where that ends.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The token itself, to import one; null to make one.</summary>
    public string? Secret { get; init; }

    /// <summary>Without the secret.</summary>
    public override string ToString() => Name;
}
