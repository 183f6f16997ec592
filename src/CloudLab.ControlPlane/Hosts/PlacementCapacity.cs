using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>How much memory live hosts have left for instances.</summary>
internal static class PlacementCapacity
{
    /// <summary>Whether the live hosts together have places for <paramref name="count"/> more instances of this size.</summary>
    /// <remarks>
    /// What waits for placement is taken off. Two requests at once on PostgreSQL can still both pass; the later one's
    /// instances are then refused by <see cref="HostService.SettleUnplacedAsync"/>.
    /// </remarks>
    public static async Task<bool> HasRoomAsync(
        CloudLabDbContext db, Architecture architecture, long memoryBytes, int count, DateTimeOffset now, CancellationToken cancellationToken)
    {
        long waiting = await db.Instances
            .Where(i => i.Host == null && i.Architecture == architecture
                && i.Desired == DesiredState.Running && i.Observed != ObservedState.Terminated)
            .SumAsync(i => i.MemoryBytes, cancellationToken)
            .ConfigureAwait(false);
        List<long> free = await FreeAsync(db, architecture, now, cancellationToken).ConfigureAwait(false);
        return free.Sum(bytes => bytes / memoryBytes) - (waiting + memoryBytes - 1) / memoryBytes >= count;
    }

    /// <summary>Whether some live host has room for an instance that waits for placement.</summary>
    public static async Task<bool> HasRoomForWaitingAsync(
        CloudLabDbContext db, Instance instance, DateTimeOffset now, CancellationToken cancellationToken)
    {
        List<long> free = await FreeAsync(db, instance.Architecture, now, cancellationToken).ConfigureAwait(false);
        return free.Exists(bytes => bytes >= instance.MemoryBytes);
    }

    private static async Task<List<long>> FreeAsync(
        CloudLabDbContext db, Architecture architecture, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var hosts = await db.Hosts
            .Where(h => h.Architecture == architecture && h.LeaseUntil > now)
            .Select(h => new
            {
                h.MemoryBytes,
                Used = db.Instances
                    .Where(i => i.Host == h.Name && (i.Desired == DesiredState.Running || i.Observed == ObservedState.Running))
                    .Sum(i => i.MemoryBytes),
            })
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        return [.. hosts.Select(host => Math.Max(0, host.MemoryBytes - host.Used))];
    }
}
