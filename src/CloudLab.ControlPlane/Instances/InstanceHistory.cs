using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace CloudLab.ControlPlane.Instances;

/// <summary>Writes down how the states of instances change, in the transaction that changes them.</summary>
/// <remarks>Part of every save, so that no change of any side can go unrecorded. The creation itself needs no row.</remarks>
internal static class InstanceHistory
{
    /// <summary>Adds the rows for what the context is about to save.</summary>
    /// <returns>The instances of which older rows than <see cref="InstanceTransition.MaxPerInstance"/> can go.</returns>
    public static List<Instance> Record(CloudLabDbContext db, DateTimeOffset now)
    {
        List<Instance> full = [];
        foreach (EntityEntry<Instance> entry in db.ChangeTracker.Entries<Instance>().Where(e => e.State == EntityState.Modified).ToList())
        {
            Instance instance = entry.Entity;
            instance.NoteChecks(
                entry.Property(i => i.SystemCheck).OriginalValue, entry.Property(i => i.InstanceCheck).OriginalValue, now);
            InstanceState before = InstanceStates.Of(
                entry.Property(i => i.Desired).OriginalValue, entry.Property(i => i.Observed).OriginalValue);
            if (before == instance.State) continue;
            db.InstanceTransitions.Add(instance.NoteTransition(before, now));
            if (instance.TransitionCount > InstanceTransition.MaxPerInstance) full.Add(instance);
        }

        return full;
    }

    /// <summary>Removes what is older than the rows that are kept.</summary>
    public static async Task TrimAsync(CloudLabDbContext db, IEnumerable<Instance> full, CancellationToken cancellationToken)
    {
        foreach (Instance instance in full)
        {
            InstanceId id = instance.Id;
            int last = instance.TransitionCount - InstanceTransition.MaxPerInstance;
            await db.InstanceTransitions
                .Where(t => t.InstanceId == id && t.Sequence <= last)
                .ExecuteDeleteAsync(cancellationToken)
                .ConfigureAwait(false);
        }
    }
}
