using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.InstanceTypes;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Instances;

/// <summary>What an account can read and change of an instance beside its state: attributes, tags, user data, history.</summary>
/// <remarks>Any thread.</remarks>
public sealed class InstanceAttributeService(IDbContextFactory<CloudLabDbContext> contexts)
{
    /// <summary>Changes attributes and merges tags; all of the changes or none.</summary>
    /// <returns>The instance. Errors: InvalidParameter, InstanceNotFound, InstanceTypeNotFound, IncorrectInstanceState, PreconditionFailed.</returns>
    public Task<Result<InstanceDetails>> ModifyAsync(
        AccountId account, InstanceId id, ModifyInstance changes, Precondition precondition, CancellationToken cancellationToken)
    {
        return ChangeAsync(account, id, precondition, Modify, cancellationToken);

        CloudLabError? Modify(Instance instance)
        {
            if (instance.RequestAttributes(changes.ShutdownBehavior, changes.DisableApiTermination, changes.DisableApiStop) is { } refusal)
                return refusal;
            if (changes.InstanceType is { } name)
            {
                if (!InstanceTypeCatalog.TryFind(name, out InstanceType? type))
                    return new CloudLabError(ErrorCode.InstanceTypeNotFound, "there is no instance type of that name");
                if (instance.RequestType(type) is { } other) return other;
            }

            return changes.Tags is { } tags ? Merge(instance, tags) : null;
        }
    }

    /// <summary>Gives an instance exactly these tags.</summary>
    /// <returns>The instance. Errors: InvalidParameter, InstanceNotFound, IncorrectInstanceState, PreconditionFailed.</returns>
    public async Task<Result<InstanceDetails>> SetTagsAsync(
        AccountId account, InstanceId id, IReadOnlyDictionary<string, string> tags, Precondition precondition, CancellationToken cancellationToken)
    {
        if (InstanceTag.Check(tags) is { } invalid) return invalid;
        return await ChangeAsync(account, id, precondition, Set, cancellationToken).ConfigureAwait(false);

        CloudLabError? Set(Instance instance)
        {
            if (instance.RequestAttributes(null, null, null) is { } refusal) return refusal;
            instance.SetTags(tags);
            return null;
        }
    }

    /// <summary>Removes the tags with these keys, or all; keys that are not there are no error.</summary>
    /// <returns>The instance. Errors: InvalidParameter, InstanceNotFound, IncorrectInstanceState, PreconditionFailed.</returns>
    public Task<Result<InstanceDetails>> RemoveTagsAsync(
        AccountId account, InstanceId id, IReadOnlyCollection<string>? keys, Precondition precondition, CancellationToken cancellationToken)
    {
        return ChangeAsync(account, id, precondition, Remove, cancellationToken);

        CloudLabError? Remove(Instance instance)
        {
            if (instance.RequestAttributes(null, null, null) is { } refusal) return refusal;
            instance.SetTags(instance.Tags
                .Where(tag => keys is not null && !keys.Contains(tag.Key))
                .ToDictionary(tag => tag.Key, tag => tag.Value));
            return null;
        }
    }

    /// <summary>What the creator left for the guest; empty for nothing.</summary>
    /// <returns>The bytes. Errors: InstanceNotFound.</returns>
    public async Task<Result<byte[]>> ReadUserDataAsync(AccountId account, InstanceId id, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        if (!await db.Instances.AnyAsync(i => i.AccountId == account && i.Id == id, cancellationToken).ConfigureAwait(false))
            return InstanceChanges.NotFound(id);
        InstanceUserData? data = await db.InstanceUserData.AsNoTracking()
            .SingleOrDefaultAsync(d => d.InstanceId == id, cancellationToken)
            .ConfigureAwait(false);
        return data?.Content ?? [];
    }

    /// <summary>How the instance's state changed, newest first: the last 100 changes, and its creation while it is among them.</summary>
    /// <returns>The changes. Errors: InstanceNotFound.</returns>
    public async Task<Result<IReadOnlyList<TransitionDetails>>> ReadTransitionsAsync(
        AccountId account, InstanceId id, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        DateTimeOffset createdAt = await db.Instances
            .Where(i => i.AccountId == account && i.Id == id)
            .Select(i => i.CreatedAt)
            .SingleOrDefaultAsync(cancellationToken)
            .ConfigureAwait(false);
        if (createdAt == default) return InstanceChanges.NotFound(id);
        List<InstanceTransition> rows = await db.InstanceTransitions.AsNoTracking()
            .Where(t => t.InstanceId == id)
            .OrderByDescending(t => t.Sequence)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        List<TransitionDetails> list = [.. rows.Select(Of)];
        if (rows.Count < InstanceTransition.MaxPerInstance) list.Add(new TransitionDetails(0, createdAt, null, InstanceState.Pending, null));
        return list.ToArray();
    }

    private static TransitionDetails Of(InstanceTransition row) => new(
        row.Sequence, row.At, row.From, row.To, row.ReasonCode is null ? null : new StateReason(row.ReasonCode, row.ReasonMessage!));

    private static CloudLabError? Merge(Instance instance, IReadOnlyDictionary<string, string?> changes)
    {
        var tags = instance.Tags.ToDictionary(tag => tag.Key, tag => tag.Value);
        foreach ((string key, string? value) in changes)
        {
            if (value is null) tags.Remove(key);
            else tags[key] = value;
        }

        if (InstanceTag.Check(tags) is { } invalid) return invalid;
        instance.SetTags(tags);
        return null;
    }

    private Task<Result<InstanceDetails>> ChangeAsync(
        AccountId account, InstanceId id, Precondition precondition, Func<Instance, CloudLabError?> change, CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                Result<Instance> changed = await InstanceChanges.ApplyAsync(
                    db, db.Instances.Include(i => i.Tags), account, id, precondition, i => Task.FromResult(change(i)), ct)
                    .ConfigureAwait(false);
                if (!changed.IsOk) return changed.Error;
                // Tags have rows of their own: their change is the instance's too. Saved here, the version is the one answered.
                db.Entry(changed.Value).Property(i => i.Version).IsModified = true;
                await db.SaveChangesAsync(ct).ConfigureAwait(false);
                return (Result<InstanceDetails>)InstanceDetails.Of(changed.Value);
            },
            cancellationToken);
}
