using System.Linq.Expressions;

namespace CloudLab.ControlPlane.Identity;

/// <summary>A user as it is shown.</summary>
public sealed record UserDetails(UserId Id, AccountId AccountId, string Name, Role Role, DateTimeOffset CreatedAt, DateTimeOffset? DisabledAt)
{
    internal static Expression<Func<User, UserDetails>> Projection { get; } =
        u => new UserDetails(u.Id, u.AccountId, u.Name, u.Role, u.CreatedAt, u.DisabledAt);

    internal static Func<User, UserDetails> Of { get; } = Projection.Compile();
}
