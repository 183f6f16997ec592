using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Common.Listing;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.InstanceTypes;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Quotas;
using CloudLab.ControlPlane.Reconciliation;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Instances;

/// <summary>What an account can ask about its instances, and how it changes what is desired of them.</summary>
/// <remarks>
/// Each change is committed as what is desired and answered at once; the owning host's reconciler, woken by a signal,
/// makes it so. All but creation are idempotent by nature, creation and reboot by client token. Any thread. Attributes
/// and tags are <see cref="InstanceAttributeService"/>'s.
/// </remarks>
public sealed class InstanceService(
    IDbContextFactory<CloudLabDbContext> contexts,
    PageTokens pages,
    QuotaService quotas,
    ReconcileSignal signal,
    ControlPlaneOptions options,
    TimeProvider time)
{
    /// <summary>Creates instances that should run: as many as there is room for, from the minimum to the maximum, or none.</summary>
    /// <returns>
    /// The instances, in the order of the list; on a repeated client token those that it created.
    /// Errors: QuotaExceeded, InvalidParameter, ImageNotFound, ImageUnavailable, InstanceTypeNotFound, InsufficientInstanceCapacity,
    /// IdempotentParameterMismatch, IdempotentInstanceTerminated.
    /// </returns>
    public async Task<Result<IReadOnlyList<InstanceDetails>>> CreateAsync(
        AccountId account, CreateInstances request, CancellationToken cancellationToken)
    {
        if (CreateInstancesValidator.Check(request, options) is { } invalid) return invalid;
        if (!InstanceTypeCatalog.TryFind(request.InstanceType, out InstanceType? type))
            return new CloudLabError(ErrorCode.InstanceTypeNotFound, "there is no instance type of that name");

        Result<IReadOnlyList<InstanceDetails>> result = await contexts
            .WriteAsync((db, ct) => CreateAsync(db, account, request, type, ct), cancellationToken)
            .ConfigureAwait(false);
        if (result.IsOk) signal.Notify();
        return result;
    }

    /// <summary>One page of the account's instances, newest first; terminated ones are among them for an hour.</summary>
    /// <returns>The page. Errors: InvalidParameter.</returns>
    public async Task<Result<Page<InstanceDetails>>> ListAsync(
        AccountId account, ListRequest request, CancellationToken cancellationToken)
    {
        Result<PageScope> scope = pages.Open(InstanceList.Name, account, request);
        if (!scope.IsOk) return scope.Error;
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        (IQueryable<Instance>? rows, CloudLabError? error) =
            InstanceList.Filters.Apply(db.Instances.AsNoTracking().Where(i => i.AccountId == account), request.Filters);
        if (rows is null) return error!;
        if (scope.Value.After is { } after) rows = InstanceList.After(rows, after);

        // One more than asked for says whether there is a next page.
        List<InstanceDetails> items = await InstanceList.Ordered(rows)
            .Take(request.PageSize + 1)
            .Select(InstanceDetails.Projection)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        return scope.Value.Page(items, request.PageSize, InstanceList.Position);
    }

    /// <summary>One instance.</summary>
    /// <returns>The instance. Errors: InstanceNotFound.</returns>
    public async Task<Result<InstanceDetails>> GetAsync(AccountId account, InstanceId id, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        InstanceDetails? found = await db.Instances.AsNoTracking()
            .Where(i => i.AccountId == account && i.Id == id)
            .Select(InstanceDetails.Projection)
            .SingleOrDefaultAsync(cancellationToken)
            .ConfigureAwait(false);
        return found is null ? InstanceChanges.NotFound(id) : found;
    }

    /// <summary>Asks for a start of a stopped instance.</summary>
    /// <returns>
    /// The change. Errors: InstanceNotFound, IncorrectInstanceState, QuotaExceeded, ImageUnavailable, InsufficientInstanceCapacity,
    /// PreconditionFailed.
    /// </returns>
    public Task<Result<InstanceChange>> StartAsync(
        AccountId account, InstanceId id, Precondition precondition, CancellationToken cancellationToken) =>
        ChangeAsync(account, id, precondition, StartAsync, cancellationToken);

    /// <summary>Asks for a stop: the guest is asked first, then forced.</summary>
    /// <param name="account">The caller's account.</param>
    /// <param name="id">Which instance.</param>
    /// <param name="isForced">Whether to stop without asking the guest.</param>
    /// <param name="precondition">What must hold of the instance's version.</param>
    /// <param name="cancellationToken">Gives up the request before its commit.</param>
    /// <returns>The change. Errors: InstanceNotFound, IncorrectInstanceState, OperationNotPermitted, PreconditionFailed.</returns>
    public Task<Result<InstanceChange>> StopAsync(
        AccountId account, InstanceId id, bool isForced, Precondition precondition, CancellationToken cancellationToken) =>
        ChangeAsync(account, id, precondition, (_, instance, _) => Task.FromResult(instance.RequestStop(isForced)), cancellationToken);

    /// <summary>Asks for a reboot: RAM is cleared, the state stays running. The guest is asked first, then reset.</summary>
    /// <param name="account">The caller's account.</param>
    /// <param name="id">Which instance.</param>
    /// <param name="isHard">Whether to reset without asking the guest.</param>
    /// <param name="clientToken">A repeated token reboots once; null reboots each time.</param>
    /// <param name="precondition">What must hold of the instance's version.</param>
    /// <param name="cancellationToken">Gives up the request before its commit.</param>
    /// <returns>The change. Errors: InvalidParameter, InstanceNotFound, IncorrectInstanceState, IdempotentParameterMismatch, PreconditionFailed.</returns>
    public async Task<Result<InstanceChange>> RebootAsync(
        AccountId account, InstanceId id, bool isHard, string? clientToken, Precondition precondition, CancellationToken cancellationToken)
    {
        if (clientToken is not null && CreateInstancesValidator.CheckClientToken(clientToken) is { } invalid) return invalid;
        string fingerprint = ClientTokens.Fingerprint($"reboot:{id}:{isHard}");
        return await ChangeAsync(account, id, precondition, RebootOnceAsync, cancellationToken).ConfigureAwait(false);

        async Task<CloudLabError?> RebootOnceAsync(CloudLabDbContext db, Instance instance, CancellationToken ct)
        {
            if (clientToken is null) return instance.RequestReboot(isHard);
            (bool isRepeated, CloudLabError? error) = await ClientTokens
                .UseAsync(db, account, clientToken, fingerprint, time.GetUtcMicroseconds(), ct)
                .ConfigureAwait(false);
            return isRepeated || error is not null ? error : instance.RequestReboot(isHard);
        }
    }

    /// <summary>Asks for the end of the instance; it is shown as terminated for an hour.</summary>
    /// <returns>The change. Errors: InstanceNotFound, OperationNotPermitted, PreconditionFailed.</returns>
    public Task<Result<InstanceChange>> TerminateAsync(
        AccountId account, InstanceId id, Precondition precondition, CancellationToken cancellationToken) =>
        ChangeAsync(account, id, precondition, static (_, instance, _) => Task.FromResult(instance.RequestTerminate()), cancellationToken);

    private async Task<Result<IReadOnlyList<InstanceDetails>>> CreateAsync(
        CloudLabDbContext db, AccountId account, CreateInstances request, InstanceType type, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcMicroseconds();
        if (request.ClientToken is { } token)
        {
            (bool isRepeated, CloudLabError? error) =
                await ClientTokens.UseAsync(db, account, token, request.Fingerprint(), now, cancellationToken).ConfigureAwait(false);
            if (error is not null) return error;
            if (isRepeated) return await CreatedBeforeAsync(db, account, token, cancellationToken).ConfigureAwait(false);
        }

        Image? image = await ImageQueries.FindAsync(db, account, request.Image, cancellationToken).ConfigureAwait(false);
        int count = 0;
        CloudLabError? refusal = image is null
            ? ImageQueries.NotFound(request.Image)
            : CheckImage(image, type.Architecture)
                ?? await quotas.CheckCreateAsync(db, account, type, request.MinCount, cancellationToken).ConfigureAwait(false);
        if (refusal is null)
        {
            Room room = await PlacementCapacity.ReadAsync(db, type.Architecture, now, cancellationToken).ConfigureAwait(false);
            count = Math.Min(request.MaxCount, room.CountFor(new HostShare(type.Vcpus, type.MemoryBytes)));
            if (count < request.MinCount) refusal = room.Refuse(request.MinCount, type);
            if (count > request.MinCount) count = await quotas.FitAsync(db, account, type, count, cancellationToken).ConfigureAwait(false);
        }

        if (refusal is not null)
        {
            // A refused request leaves its token unused.
            db.ChangeTracker.Clear();
            return refusal;
        }

        var created = new Instance[count];
        for (int i = 0; i < count; i++) created[i] = Instance.Create(account, image!, type, request, now);
        db.Instances.AddRange(created);
        if (!request.UserData.IsEmpty)
            db.InstanceUserData.AddRange(created.Select(instance => new InstanceUserData(instance.Id, request.UserData.ToArray())));
        return NewestFirst(created);
    }

    private async Task<CloudLabError?> StartAsync(CloudLabDbContext db, Instance instance, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcMicroseconds();
        if (instance.State != InstanceState.Stopped) return instance.RequestStart(now);
        Image image = await db.Images.SingleAsync(i => i.Id == instance.ImageId, cancellationToken).ConfigureAwait(false);
        if (CheckImage(image, instance.Architecture) is { } refusal) return refusal;
        if (await quotas.CheckStartAsync(db, instance, cancellationToken).ConfigureAwait(false) is { } exceeded) return exceeded;
        Room room = await PlacementCapacity.ReadAsync(db, instance.Architecture, now, cancellationToken).ConfigureAwait(false);
        if (room.CountFor(new HostShare(instance.Vcpus, instance.MemoryBytes)) > 0) return instance.RequestStart(now);
        return InstanceTypeCatalog.TryFind(instance.InstanceType, out InstanceType? type)
            ? room.Refuse(1, type)
            : new CloudLabError(ErrorCode.InsufficientInstanceCapacity, "no host has room for the instance now");
    }

    private static CloudLabError? CheckImage(Image image, Architecture architecture)
    {
        // An instance that is there keeps its deregistered image; a new one does not find it.
        if (image.State is not (ImageState.Available or ImageState.Deregistered))
        {
            string reason = image.StateReason ?? $"it is {EnumText.Of(image.State)}";
            return new CloudLabError(ErrorCode.ImageUnavailable, $"image {image.Name} cannot start: {reason}");
        }

        return image.Architecture == architecture
            ? null
            : new CloudLabError(ErrorCode.InvalidParameter, "the image and the instance type differ in architecture");
    }

    private async Task<Result<InstanceChange>> ChangeAsync(
        AccountId account,
        InstanceId id,
        Precondition precondition,
        Func<CloudLabDbContext, Instance, CancellationToken, Task<CloudLabError?>> change,
        CancellationToken cancellationToken)
    {
        Result<InstanceChange> result = await contexts.WriteAsync(ApplyAsync, cancellationToken).ConfigureAwait(false);
        if (result.IsOk) signal.Notify();
        return result;

        async Task<Result<InstanceChange>> ApplyAsync(CloudLabDbContext db, CancellationToken ct)
        {
            InstanceState previous = default;
            Result<Instance> changed = await InstanceChanges.ApplyAsync(db, db.Instances, account, id, precondition, ChangeAsync, ct)
                .ConfigureAwait(false);
            return changed.IsOk ? new InstanceChange(id, previous, changed.Value.State) : changed.Error;

            Task<CloudLabError?> ChangeAsync(Instance instance)
            {
                previous = instance.State;
                return change(db, instance, ct);
            }
        }
    }

    private static async Task<Result<IReadOnlyList<InstanceDetails>>> CreatedBeforeAsync(
        CloudLabDbContext db, AccountId account, string token, CancellationToken cancellationToken)
    {
        List<Instance> rows = await db.Instances.AsNoTracking()
            .Include(i => i.Tags)
            .Where(i => i.AccountId == account && i.ClientToken == token)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        if (rows.Count > 0) return NewestFirst(rows);
        return new CloudLabError(
            ErrorCode.IdempotentInstanceTerminated, "the instances that the client token created have been terminated and removed");
    }

    private static Result<IReadOnlyList<InstanceDetails>> NewestFirst(IEnumerable<Instance> rows) =>
        (InstanceDetails[])[.. rows
            .OrderByDescending(i => i.CreatedAt)
            .ThenByDescending(i => i.Id.Value, StringComparer.Ordinal)
            .Select(InstanceDetails.Of)];
}
