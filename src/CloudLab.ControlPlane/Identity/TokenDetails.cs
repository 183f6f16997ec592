using System.Linq.Expressions;

namespace CloudLab.ControlPlane.Identity;

/// <summary>A token as lists show it: never the token itself.</summary>
/// <remarks>The user is null only for a token of a version before users, which is refused.</remarks>
public sealed record TokenDetails(
    TokenId Id,
    UserId? UserId,
    string Name,
    Role Role,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt,
    DateTimeOffset? LastUsedAt)
{
    internal static Expression<Func<ApiToken, TokenDetails>> Projection { get; } =
        t => new TokenDetails(t.Id, t.UserId, t.Name, t.Role, t.CreatedAt, t.ExpiresAt, t.RevokedAt, t.LastUsedAt);

    internal static Func<ApiToken, TokenDetails> Of { get; } = Projection.Compile();
}
