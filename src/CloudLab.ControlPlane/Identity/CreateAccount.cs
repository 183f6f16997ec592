namespace CloudLab.ControlPlane.Identity;

/// <summary>A request for an account with its first administrator.</summary>
public sealed record CreateAccount
{
    /// <summary>Unique.</summary>
    public required string Name { get; init; }

    /// <summary>What its administrator is called.</summary>
    public string AdminName { get; init; } = UserService.AdminName;

    /// <summary>The account's id in S3's owners and grants where it comes from another server; null to make one.</summary>
    public string? CanonicalUserId { get; init; }

    /// <summary>The administrator's token, to import one; null to make one.</summary>
    public string? AdminToken { get; init; }

    /// <summary>Without the token.</summary>
    public override string ToString() => Name;
}
