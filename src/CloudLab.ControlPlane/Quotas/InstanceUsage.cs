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
        var used = await db.Instances
            .Where(i => i.AccountId == account && i.Observed != ObservedState.Terminated)
            .GroupBy(_ => 1)
            .Select(all => new
            {
                Instances = all.LongCount(),
                Vcpus = all.Sum(i => i.Desired == DesiredState.Running || i.Observed == ObservedState.Running ? (long)i.Vcpus : 0),
                MemoryBytes = all.Sum(i => i.Desired == DesiredState.Running || i.Observed == ObservedState.Running ? i.MemoryBytes : 0),
            })
            .SingleOrDefaultAsync(cancellationToken)
            .ConfigureAwait(false);
        return used is null ? [0, 0, 0] : [used.Instances, used.Vcpus, used.MemoryBytes];
    }
}
