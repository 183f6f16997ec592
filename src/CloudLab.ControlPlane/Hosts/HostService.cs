using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>Which host owns which instance: registration, leases, placement and takeover. All of it is idempotent.</summary>
/// <remarks>
/// A host owns an instance while the instance's row has its name and epoch. Whoever takes instances from a host raises
/// that host's epoch in the same transaction, so a renewal that was on its way finds no row.
/// </remarks>
public sealed class HostService(IDbContextFactory<CloudLabDbContext> contexts, ControlPlaneOptions options, TimeProvider time)
{
    private HostCapacity Capacity => new(
        options.PromisedVcpus, (long)options.Hypervisor.PromisedMemory, Architecture.Riscv64);

    /// <summary>
    /// Takes this host's name, at once, whoever had it: the caller holds the lock that allows one process of a name.
    /// What its last process ran starts again, with a reason that says so.
    /// </summary>
    public Task<HostLease> RegisterAsync(CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                Host? host = await db.Hosts.SingleOrDefaultAsync(h => h.Name == options.HostName, ct).ConfigureAwait(false);
                if (host is null)
                {
                    host = new Host(options.HostName);
                    db.Hosts.Add(host);
                }

                HostLease lease = host.Register(Capacity, LeaseEnd());
                foreach (Instance instance in await LiveOn(db, lease.Name).ToListAsync(ct).ConfigureAwait(false))
                {
                    instance.ObserveMachineLost(StateReason.HostRestarted, time.GetUtcMicroseconds());
                    instance.PlaceOn(lease);
                }

                return lease;
            },
            cancellationToken);

    /// <summary>Says that the host is alive.</summary>
    /// <returns>False when the lease has passed to another.</returns>
    public Task<bool> RenewAsync(HostLease lease, CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                DateTimeOffset end = LeaseEnd();
                int renewed = await db.Hosts
                    .Where(h => h.Name == lease.Name && h.Epoch == lease.Epoch)
                    .ExecuteUpdateAsync(set => set.SetProperty(h => h.LeaseUntil, end), ct)
                    .ConfigureAwait(false);
                return renewed == 1;
            },
            cancellationToken);

    /// <summary>Takes instances that no host has and that this one has room for, oldest first.</summary>
    /// <returns>How many.</returns>
    public Task<int> PlaceAsync(HostLease lease, CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                int placed = 0;
                while (await PlaceOneAsync(db, lease, ct).ConfigureAwait(false)) placed++;
                return placed;
            },
            cancellationToken);

    /// <summary>Ends what no host has and none needs to have: what is not to run, and what no live host has room for.</summary>
    /// <returns>How many.</returns>
    public Task<int> SettleUnplacedAsync(CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                DateTimeOffset now = time.GetUtcMicroseconds();
                List<Instance> unplaced = await db.Instances
                    .Where(i => i.Host == null && i.Observed != ObservedState.Terminated)
                    .Where(i => i.Desired != DesiredState.Stopped || i.Observed != ObservedState.Stopped)
                    .ToListAsync(ct)
                    .ConfigureAwait(false);
                int settled = 0;
                foreach (Instance instance in unplaced)
                {
                    if (instance.Desired != DesiredState.Running)
                    {
                        instance.ObserveEnd(now);
                    }
                    else if (!await PlacementCapacity.HasRoomForWaitingAsync(db, instance, now, ct).ConfigureAwait(false))
                    {
                        instance.ObserveFailure(StateReason.InsufficientCapacity("no host has room for the instance"), now);
                    }
                    else
                    {
                        continue;
                    }

                    settled++;
                }

                return settled;
            },
            cancellationToken);

    /// <summary>Fences off hosts whose lease has run out and releases their instances, so that live hosts place them.</summary>
    /// <returns>How many instances.</returns>
    public Task<int> TakeOverExpiredAsync(HostLease lease, CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                DateTimeOffset now = time.GetUtcMicroseconds();
                List<Host> lost = await db.Hosts
                    .Where(h => h.Name != lease.Name && h.LeaseUntil < now)
                    .Where(h => db.Instances.Any(i => i.Host == h.Name && i.Observed != ObservedState.Terminated))
                    .ToListAsync(ct)
                    .ConfigureAwait(false);
                int released = 0;
                foreach (Host host in lost)
                {
                    host.Fence();
                    foreach (Instance instance in await LiveOn(db, host.Name).ToListAsync(ct).ConfigureAwait(false))
                    {
                        instance.Release(now);
                        released++;
                    }
                }

                return released;
            },
            cancellationToken);

    /// <summary>Removes terminated instances and client tokens that have been kept long enough.</summary>
    /// <returns>How many rows.</returns>
    public Task<int> RemoveExpiredAsync(CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                DateTimeOffset now = time.GetUtcMicroseconds();
                DateTimeOffset terminatedBefore = now - options.TerminatedRetention;
                DateTimeOffset usedBefore = now - options.ClientTokenRetention;
                int instances = await db.Instances
                    .Where(i => i.TerminatedAt != null && i.TerminatedAt <= terminatedBefore)
                    .ExecuteDeleteAsync(ct)
                    .ConfigureAwait(false);
                // The token of an instance or image that is still there keeps its meaning.
                int tokens = await db.ClientRequests
                    .Where(r => r.CreatedAt <= usedBefore)
                    .Where(r => !db.Instances.Any(i => i.AccountId == r.AccountId && i.ClientToken == r.Token))
                    .Where(r => !db.Images.Any(i => i.AccountId == r.AccountId && i.ClientToken == r.Token))
                    .ExecuteDeleteAsync(ct)
                    .ConfigureAwait(false);
                return instances + tokens;
            },
            cancellationToken);

    private static IQueryable<Instance> LiveOn(CloudLabDbContext db, string host) =>
        db.Instances.Where(i => i.Host == host && i.Observed != ObservedState.Terminated);

    // One statement, so that hosts can place at the same time: each row goes to one of them, and only while the
    // host's lease is its own. It counts what the host's instances use or are about to use.
    private async Task<bool> PlaceOneAsync(CloudLabDbContext db, HostLease lease, CancellationToken cancellationToken)
    {
        string statement =
            $$"""
            update instances set host = {0}, host_epoch = {1}, version = version + 1
            where host is null and id = (
                select i.id from instances i
                where i.host is null and i.architecture = {2} and i.desired = 'running' and i.state <> 'terminated'
                    and i.memory_bytes <= {3} - (
                        select coalesce(sum(o.memory_bytes), 0) from instances o
                        where o.host = {0} and (o.desired = 'running' or o.state = 'running'))
                    and i.vcpus <= {4} - (
                        select coalesce(sum(o.vcpus), 0) from instances o
                        where o.host = {0} and (o.desired = 'running' or o.state = 'running'))
                    and exists (select 1 from hosts h where h.name = {0} and h.epoch = {1})
                order by i.created_at, i.id limit 1 {{db.SkipLocked}})
            returning id as "Value"
            """;
        List<string> placed = await db.Database
            .SqlQueryRaw<string>(statement, lease.Name, lease.Epoch, EnumText.Of(Capacity.Architecture), Capacity.MemoryBytes, Capacity.Vcpus)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        return placed.Count > 0;
    }

    private DateTimeOffset LeaseEnd() => time.GetUtcMicroseconds() + options.LeaseDuration;
}
