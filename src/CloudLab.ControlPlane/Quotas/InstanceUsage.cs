using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Quotas;

/// <summary>Counts instances, and the vCPUs and memory of those that run or should run.</summary>
internal sealed class InstanceUsage : IQuotaUsage
{
    public IReadOnlyList<QuotaName> Names { get; } = [QuotaName.Instances, QuotaName.Vcpus, QuotaName.MemoryBytes];

    public async Task<IReadOnlyList<long>> CountAsync(CloudLabDbContext db, AccountId account, CancellationToken cancellationToken)
    {
        // Among any number of stopped instances: the first is counted in an index, the others are few and have their own.
        IQueryable<Instance> instances = db.Instances.Where(i => i.AccountId == account);
        long all = await instances.LongCountAsync(cancellationToken).ConfigureAwait(false);
        long terminated = await instances.LongCountAsync(i => i.TerminatedAt != null, cancellationToken).ConfigureAwait(false);
        var used = await instances
            .Where(i => i.IsActive && (i.Desired == DesiredState.Running || i.Observed == ObservedState.Running))
            .GroupBy(_ => 1)
            .Select(active => new { Vcpus = active.Sum(i => (long)i.Vcpus), MemoryBytes = active.Sum(i => i.MemoryBytes) })
            .SingleOrDefaultAsync(cancellationToken)
            .ConfigureAwait(false);
        return [all - terminated, used?.Vcpus ?? 0, used?.MemoryBytes ?? 0];
    }
}
