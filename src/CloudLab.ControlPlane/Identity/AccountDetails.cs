using System.Linq.Expressions;

namespace CloudLab.ControlPlane.Identity;

/// <summary>An account as it is shown.</summary>
public sealed record AccountDetails(
    AccountId Id, string Name, string CanonicalUserId, bool IsManagement, DateTimeOffset CreatedAt, DateTimeOffset? SuspendedAt)
{
    internal static Expression<Func<Account, AccountDetails>> Projection { get; } =
        a => new AccountDetails(a.Id, a.Name, a.CanonicalUserId, a.IsManagement, a.CreatedAt, a.SuspendedAt);

    internal static Func<Account, AccountDetails> Of { get; } = Projection.Compile();
}
