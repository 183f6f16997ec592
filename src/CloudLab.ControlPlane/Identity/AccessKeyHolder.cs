namespace CloudLab.ControlPlane.Identity;

/// <summary>Who signs with an access key, and with which secret.</summary>
public sealed record AccessKeyHolder
{
    public required AccessKeyId AccessKeyId { get; init; }

    /// <summary>What signatures are checked with; not to be kept or logged.</summary>
    public required string Secret { get; init; }

    public required AccountId AccountId { get; init; }

    /// <summary>The account's name: S3's DisplayName.</summary>
    public required string AccountName { get; init; }

    /// <summary>The account's id in S3's owners and grants.</summary>
    public required string CanonicalUserId { get; init; }

    /// <summary>See <see cref="Account.IsManagement"/>.</summary>
    public required bool IsManagement { get; init; }

    public required UserId UserId { get; init; }

    public required string UserName { get; init; }

    /// <summary>What it may do: the lesser of the key's role and its user's.</summary>
    public required Role Role { get; init; }

    /// <summary>Without the secret.</summary>
    public override string ToString() => AccessKeyId.Value;
}
