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
public sealed class HostService(
    IDbContextFactory<CloudLabDbContext> contexts, ConsoleArchive consoles, ControlPlaneOptions options, TimeProvider time)
{
    // Bounds a transaction; the next pass goes on.
    private const int MaxRemovedAtOnce = 1000;

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
                foreach (Instance instance in await ActiveOn(db, lease.Name).ToListAsync(ct).ConfigureAwait(false))
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
                    .Where(i => i.IsActive && i.Host == null)
                    .ToListAsync(ct)
                    .ConfigureAwait(false);
                Dictionary<Architecture, Room> rooms = [];
                int settled = 0;
                foreach (Instance instance in unplaced)
                {
                    if (instance.Desired != DesiredState.Running)
                    {
                        instance.ObserveEnd(now);
                    }
                    else
                    {
                        if (!rooms.TryGetValue(instance.Architecture, out Room? room))
                            rooms[instance.Architecture] = room =
                                await PlacementCapacity.ReadFreeAsync(db, instance.Architecture, now, ct).ConfigureAwait(false);
                        if (room.CountFor(new HostShare(instance.Vcpus, instance.MemoryBytes)) > 0) continue;
                        instance.ObserveFailure(StateReason.InsufficientCapacity("no host has room for the instance"), now);
                    }

                    settled++;
                }

                return settled;
            },
            cancellationToken);

    /// <summary>Fences off hosts whose lease has run out and releases their instances, so that live hosts place them.</summary>
    /// <returns>How many instances.</returns>
    public async Task<int> TakeOverExpiredAsync(HostLease lease, CancellationToken cancellationToken)
    {
        // There is hardly ever one, so it is not worth a turn to write.
        DateTimeOffset seenAt = time.GetUtcMicroseconds();
        await using (CloudLabDbContext look = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false))
            if (!await Expired(look, lease, seenAt).AnyAsync(cancellationToken).ConfigureAwait(false))
                return 0;
        return await contexts.WriteAsync(
            async (db, ct) =>
            {
                DateTimeOffset now = time.GetUtcMicroseconds();
                List<Host> lost = await Expired(db, lease, now).ToListAsync(ct).ConfigureAwait(false);
                int released = 0;
                foreach (Host host in lost)
                {
                    host.Fence();
                    foreach (Instance instance in await ActiveOn(db, host.Name).ToListAsync(ct).ConfigureAwait(false))
                    {
                        instance.Release(now);
                        released++;
                    }
                }

                return released;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes terminated instances and client tokens that have been kept long enough.</summary>
    /// <returns>How many rows.</returns>
    public async Task<int> RemoveExpiredAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcMicroseconds();
        DateTimeOffset terminatedBefore = now - options.TerminatedRetention;
        DateTimeOffset usedBefore = now - options.ClientTokenRetention;
        List<InstanceId> ids;
        await using (CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false))
        {
            ids = await db.Instances
                .Where(i => i.TerminatedAt != null && i.TerminatedAt <= terminatedBefore)
                .OrderBy(i => i.TerminatedAt)
                .Select(i => i.Id)
                .Take(MaxRemovedAtOnce)
                .ToListAsync(cancellationToken)
                .ConfigureAwait(false);
        }

        // Before the rows: what is left half-way is found again.
        foreach (InstanceId id in ids) await consoles.DeleteAsync(id, cancellationToken).ConfigureAwait(false);
        return await contexts.WriteAsync(
            async (db, ct) =>
            {
                int instances = ids.Count == 0
                    ? 0
                    : await db.Instances.Where(i => ids.Contains(i.Id)).ExecuteDeleteAsync(ct).ConfigureAwait(false);
                // The token of an instance or image that is still there keeps its meaning.
                int tokens = await db.ClientRequests
                    .Where(r => r.CreatedAt <= usedBefore)
                    .Where(r => !db.Instances.Any(i => i.AccountId == r.AccountId && i.ClientToken == r.Token))
                    .Where(r => !db.Images.Any(i => i.AccountId == r.AccountId && i.ClientToken == r.Token))
                    .ExecuteDeleteAsync(ct)
                    .ConfigureAwait(false);
                return instances + tokens;
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static IQueryable<Host> Expired(CloudLabDbContext db, HostLease lease, DateTimeOffset now) =>
        db.Hosts.Where(h => h.Name != lease.Name && h.LeaseUntil < now && db.Instances.Any(i => i.IsActive && i.Host == h.Name));

    private static IQueryable<Instance> ActiveOn(CloudLabDbContext db, string host) =>
        db.Instances.Where(i => i.IsActive && i.Host == host);

    // One statement, so that hosts can place at the same time: each row goes to one of them, and only while the
    // host's lease is its own. It counts what the host's instances use or are about to use.
    private async Task<bool> PlaceOneAsync(CloudLabDbContext db, HostLease lease, CancellationToken cancellationToken)
    {
        string statement =
            $$"""
            update instances set host = {0}, host_epoch = {1}, version = version + 1
            where host is null and id = (
                select i.id from instances i
                where i.is_active and i.host is null and i.architecture = {2} and i.desired = 'running'
                    and i.memory_bytes <= {3} - (
                        select coalesce(sum(o.memory_bytes), 0) from instances o
                        where o.is_active and o.host = {0} and (o.desired = 'running' or o.state = 'running'))
                    and i.vcpus <= {4} - (
                        select coalesce(sum(o.vcpus), 0) from instances o
                        where o.is_active and o.host = {0} and (o.desired = 'running' or o.state = 'running'))
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
