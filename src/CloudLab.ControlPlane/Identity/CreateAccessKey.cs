namespace CloudLab.ControlPlane.Identity;

/// <summary>A request for an access key.</summary>
public sealed record CreateAccessKey
{
    /// <summary>The shortest secret that can be imported: that of MinIO.</summary>
    public const int MinSecretLength = 8;

    /// <summary>The longest secret that can be imported.</summary>
    public const int MaxSecretLength = 128;

    /// <summary>For whom; null for the caller.</summary>
    public UserId? User { get; init; }

    /// <summary>The most it may do; null for as much as the user and the caller may.</summary>
    public Role? Role { get; init; }

    /// <summary>The id of a key that is imported, or null to make one.</summary>
    public string? Id { get; init; }

    /// <summary>The secret of a key that is imported: 8 to 128 printable ASCII characters without spaces. Goes with <see cref="Id"/>.</summary>
    public string? Secret { get; init; }

    /// <summary>Without the secret.</summary>
    public override string ToString() => $"{nameof(CreateAccessKey)} {Id}";
}
