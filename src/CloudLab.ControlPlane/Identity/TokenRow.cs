namespace CloudLab.ControlPlane.Identity;

/// <summary>All that a verification needs of a token, its user and its account, read by one query.</summary>
internal sealed class TokenRow
{
    public required TokenId Id { get; init; }

    public required byte[] Hash { get; init; }

    public required Role Role { get; init; }

    public required DateTimeOffset? ExpiresAt { get; init; }

    public required DateTimeOffset? RevokedAt { get; init; }

    public required UserId UserId { get; init; }

    public required string UserName { get; init; }

    public required Role UserRole { get; init; }

    public required DateTimeOffset? DisabledAt { get; init; }

    public required AccountId AccountId { get; init; }

    public required string AccountName { get; init; }

    public required bool IsManagement { get; init; }

    public required DateTimeOffset? SuspendedAt { get; init; }

    public Caller ToCaller() => new()
    {
        AccountId = AccountId,
        AccountName = AccountName,
        IsManagement = IsManagement,
        UserId = UserId,
        UserName = UserName,
        TokenId = Id,
        Role = Role < UserRole ? Role : UserRole,
        ExpiresAt = ExpiresAt,
    };
}
