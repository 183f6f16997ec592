namespace CloudLab.ControlPlane.Identity;

/// <summary>All that a signature's verification needs of a key, its user and its account, read by one query.</summary>
internal sealed class AccessKeyRow
{
    public required byte[] Secret { get; init; }

    public required Role Role { get; init; }

    public required DateTimeOffset? ExpiresAt { get; init; }

    public required DateTimeOffset? RevokedAt { get; init; }

    public required UserId UserId { get; init; }

    public required string UserName { get; init; }

    public required Role UserRole { get; init; }

    public required DateTimeOffset? DisabledAt { get; init; }

    public required AccountId AccountId { get; init; }

    public required string AccountName { get; init; }

    public required string CanonicalUserId { get; init; }

    public required bool IsManagement { get; init; }

    public required DateTimeOffset? SuspendedAt { get; init; }

    public AccessKeyHolder ToHolder(AccessKeyId id, string secret) => new()
    {
        AccessKeyId = id,
        Secret = secret,
        AccountId = AccountId,
        AccountName = AccountName,
        CanonicalUserId = CanonicalUserId,
        IsManagement = IsManagement,
        UserId = UserId,
        UserName = UserName,
        Role = Role < UserRole ? Role : UserRole,
    };
}
