using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Instances;

/// <summary>How an account's request changes one instance, for all requests that do.</summary>
internal static class InstanceChanges
{
    /// <summary>Finds the instance, checks its version and changes it; undoes everything where the change is refused.</summary>
    /// <returns>The instance. Errors: InstanceNotFound, PreconditionFailed, and those of the change.</returns>
    public static async Task<Result<Instance>> ApplyAsync(
        CloudLabDbContext db,
        IQueryable<Instance> rows,
        AccountId account,
        InstanceId id,
        Precondition precondition,
        Func<Instance, Task<CloudLabError?>> change,
        CancellationToken cancellationToken)
    {
        Instance? instance = await rows
            .SingleOrDefaultAsync(i => i.AccountId == account && i.Id == id, cancellationToken)
            .ConfigureAwait(false);
        if (instance is null) return NotFound(id);
        CloudLabError? error = precondition.Check(instance.Version) ?? await change(instance).ConfigureAwait(false);
        if (error is null) return instance;
        db.ChangeTracker.Clear();
        return error;
    }

    public static CloudLabError NotFound(InstanceId id) => new(ErrorCode.InstanceNotFound, $"there is no instance {id}");
}
