using System.Linq.Expressions;

namespace CloudLab.ControlPlane.Identity;

/// <summary>An access key as lists show it, without its secret.</summary>
public sealed record AccessKeyDetails(
    AccessKeyId Id,
    UserId UserId,
    Role Role,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt,
    DateTimeOffset? LastUsedAt)
{
    internal static Expression<Func<AccessKey, AccessKeyDetails>> Projection { get; } =
        k => new AccessKeyDetails(k.Id, k.UserId, k.Role, k.CreatedAt, k.ExpiresAt, k.RevokedAt, k.LastUsedAt);

    internal static Func<AccessKey, AccessKeyDetails> Of { get; } = Projection.Compile();
}
