using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>How many vCPUs and how much memory live hosts have left for instances.</summary>
internal static class PlacementCapacity
{
    /// <summary>Whether the live hosts together have places for <paramref name="count"/> more instances of this size.</summary>
    /// <remarks>
    /// What waits for placement is taken off. Two requests at once on PostgreSQL can still both pass; the later one's
    /// instances are then refused by <see cref="HostService.SettleUnplacedAsync"/>.
    /// </remarks>
    public static async Task<bool> HasRoomAsync(
        CloudLabDbContext db, Architecture architecture, HostShare size, int count, DateTimeOffset now, CancellationToken cancellationToken)
    {
        IQueryable<Instance> waiting = db.Instances.Where(i => i.Host == null && i.Architecture == architecture
            && i.Desired == DesiredState.Running && i.Observed != ObservedState.Terminated);
        var waitingShare = new HostShare(
            await waiting.SumAsync(i => (long)i.Vcpus, cancellationToken).ConfigureAwait(false),
            await waiting.SumAsync(i => i.MemoryBytes, cancellationToken).ConfigureAwait(false));
        List<HostShare> free = await FreeAsync(db, architecture, now, cancellationToken).ConfigureAwait(false);
        return free.Sum(share => share.PlacesFor(size)) - waitingShare.PlacesTaken(size) >= count;
    }

    /// <summary>Whether some live host has room for an instance that waits for placement.</summary>
    public static async Task<bool> HasRoomForWaitingAsync(
        CloudLabDbContext db, Instance instance, DateTimeOffset now, CancellationToken cancellationToken)
    {
        List<HostShare> free = await FreeAsync(db, instance.Architecture, now, cancellationToken).ConfigureAwait(false);
        return free.Exists(share => share.PlacesFor(new HostShare(instance.Vcpus, instance.MemoryBytes)) > 0);
    }

    private static async Task<List<HostShare>> FreeAsync(
        CloudLabDbContext db, Architecture architecture, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var hosts = await db.Hosts
            .Where(h => h.Architecture == architecture && h.LeaseUntil > now)
            .Select(h => new
            {
                h.Vcpus,
                h.MemoryBytes,
                UsedVcpus = db.Instances
                    .Where(i => i.Host == h.Name && (i.Desired == DesiredState.Running || i.Observed == ObservedState.Running))
                    .Sum(i => (long)i.Vcpus),
                UsedMemory = db.Instances
                    .Where(i => i.Host == h.Name && (i.Desired == DesiredState.Running || i.Observed == ObservedState.Running))
                    .Sum(i => i.MemoryBytes),
            })
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        return [.. hosts.Select(host => new HostShare(Math.Max(0, host.Vcpus - host.UsedVcpus), Math.Max(0, host.MemoryBytes - host.UsedMemory)))];
    }
}
