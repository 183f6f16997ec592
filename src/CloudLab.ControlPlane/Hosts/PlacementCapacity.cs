using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>
/// What "room" means: a host promises its memory budget and its cores, each times its overcommit ratio, and its
/// instances take what their types say, from the request to run until they are stopped.
/// </summary>
internal static class PlacementCapacity
{
    /// <summary>The room of the live hosts for new requests.</summary>
    /// <remarks>
    /// What waits for placement is taken off. Two requests at once on PostgreSQL can still both pass; the later one's
    /// instances are then refused by <see cref="HostService.SettleUnplacedAsync"/>.
    /// </remarks>
    public static async Task<Room> ReadAsync(
        CloudLabDbContext db, Architecture architecture, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Room room = await ReadFreeAsync(db, architecture, now, cancellationToken).ConfigureAwait(false);
        var waiting = await db.Instances
            .Where(i => i.IsActive && i.Host == null && i.Architecture == architecture && i.Desired == DesiredState.Running)
            .GroupBy(i => new { i.MemoryBytes, i.Vcpus })
            .Select(group => new { group.Key.MemoryBytes, group.Key.Vcpus, Count = group.LongCount() })
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        foreach (var size in waiting.OrderByDescending(size => size.MemoryBytes))
            room.Take(new HostShare(size.Vcpus, size.MemoryBytes), size.Count);
        return room;
    }

    /// <summary>The room of the live hosts for what waits for its placement.</summary>
    public static async Task<Room> ReadFreeAsync(
        CloudLabDbContext db, Architecture architecture, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var hosts = await db.Hosts
            .Where(h => h.Architecture == architecture && h.LeaseUntil > now)
            .Select(h => new { h.Name, h.MemoryBytes, h.Vcpus })
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        var used = await db.Instances
            .Where(i => i.IsActive && i.Host != null && (i.Desired == DesiredState.Running || i.Observed == ObservedState.Running))
            .GroupBy(i => i.Host)
            .Select(group => new { Host = group.Key, Memory = group.Sum(i => i.MemoryBytes), Vcpus = group.Sum(i => (long)i.Vcpus) })
            .ToDictionaryAsync(host => host.Host!, cancellationToken)
            .ConfigureAwait(false);
        return new Room(hosts.Select(host => used.TryGetValue(host.Name, out var taken)
            ? new HostShare(host.Vcpus - taken.Vcpus, host.MemoryBytes - taken.Memory)
            : new HostShare(host.Vcpus, host.MemoryBytes)));
    }
}
