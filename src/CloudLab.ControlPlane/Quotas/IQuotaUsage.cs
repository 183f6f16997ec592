using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;

namespace CloudLab.ControlPlane.Quotas;

/// <summary>Counts what accounts have of something. Registered for each kind of resource; a quota without one is not shown.</summary>
public interface IQuotaUsage
{
    /// <summary>What it counts.</summary>
    IReadOnlyList<QuotaName> Names { get; }

    /// <summary>What the account has of each of <see cref="Names"/>, in their order.</summary>
    /// <param name="db">Reads what the transaction sees, so that a check and the write after it are one.</param>
    /// <param name="account">The account.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<long>> CountAsync(CloudLabDbContext db, AccountId account, CancellationToken cancellationToken);
}
