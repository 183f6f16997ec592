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
    /// What is asked for and not placed yet is taken from the total, so two requests at once on PostgreSQL can both
    /// pass; the host then refuses the later one.
    /// </remarks>
    public static async Task<bool> HasRoomAsync(
        CloudLabDbContext db, Architecture architecture, long memoryBytes, int count, DateTimeOffset now, CancellationToken cancellationToken)
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
        long waiting = await db.Instances
            .Where(i => i.Host == null && i.Architecture == architecture && i.Desired == DesiredState.Running)
            .SumAsync(i => i.MemoryBytes, cancellationToken)
            .ConfigureAwait(false);
        long places = hosts.Sum(h => Math.Max(0, h.MemoryBytes - h.Used) / memoryBytes);
        return places - (waiting + memoryBytes - 1) / memoryBytes >= count;
    }
}
