using System.Security.Cryptography;
using System.Text;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.InstanceTypes;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Quotas;
using CloudLab.ControlPlane.Reconciliation;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Instances;

/// <summary>What an account can ask about its instances.</summary>
/// <remarks>
/// Each change is committed as what is desired and answered at once; the owning host's reconciler, woken by a signal,
/// makes it so. All but creation are idempotent by nature, creation and reboot by client token. Any thread.
/// </remarks>
public sealed class InstanceService(
    IDbContextFactory<CloudLabDbContext> contexts, QuotaService quotas, ReconcileSignal signal, TimeProvider time)
{
    /// <summary>Creates instances that should run; all of the request's or none.</summary>
    /// <returns>
    /// The instances, in the order of the list; on a repeated client token those that it created.
    /// Errors: QuotaExceeded, InvalidParameter, ImageNotFound, ImageUnavailable, InstanceTypeNotFound, InsufficientInstanceCapacity,
    /// IdempotentParameterMismatch, IdempotentInstanceTerminated.
    /// </returns>
    public async Task<Result<IReadOnlyList<InstanceDetails>>> CreateAsync(
        AccountId account, CreateInstances request, CancellationToken cancellationToken)
    {
        if (CreateInstancesValidator.Check(request) is { } invalid) return invalid;
        if (!InstanceTypeCatalog.TryFind(request.InstanceType, out InstanceType? type))
            return new CloudLabError(ErrorCode.InstanceTypeNotFound, "there is no instance type of that name");

        Result<IReadOnlyList<InstanceDetails>> result = await contexts
            .WriteAsync((db, ct) => CreateAsync(db, account, request, type, ct), cancellationToken)
            .ConfigureAwait(false);
        if (result.IsOk) signal.Notify();
        return result;
    }

    /// <summary>One page of the account's instances, newest first; terminated ones are among them for an hour.</summary>
    /// <returns>The page. Errors: InvalidParameter, InstanceTypeNotFound.</returns>
    public async Task<Result<Page<InstanceDetails>>> ListAsync(
        AccountId account, InstanceQuery query, CancellationToken cancellationToken)
    {
        if (query.PageSize is < 1 or > InstanceQuery.MaxPageSize)
            return new CloudLabError(ErrorCode.InvalidParameter, $"the page size must be 1 to {InstanceQuery.MaxPageSize}");
        if (query.InstanceType is { } wanted && !InstanceTypeCatalog.TryFind(wanted, out _))
            return new CloudLabError(ErrorCode.InstanceTypeNotFound, "there is no instance type of that name");
        InstanceCursor cursor = default;
        if (query.NextToken is not null && !InstanceCursor.TryParse(query.NextToken, out cursor))
            return new CloudLabError(ErrorCode.InvalidParameter, "the token of the next page is not one that a list returned");

        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        IQueryable<Instance> rows = db.Instances.AsNoTracking().Where(i => i.AccountId == account);
        if (query.State is { } state) rows = rows.Where(InstanceStates.Is(state));
        if (query.InstanceType is { } type) rows = rows.Where(i => i.InstanceType == type);
        if (query.NextToken is not null)
            rows = rows.Where(i => i.CreatedAt < cursor.CreatedAt || (i.CreatedAt == cursor.CreatedAt && i.Id < cursor.Id));

        // One more than asked for says whether there is a next page.
        List<InstanceDetails> items = await rows
            .OrderByDescending(i => i.CreatedAt)
            .ThenByDescending(i => i.Id)
            .Take(query.PageSize + 1)
            .Select(InstanceDetails.Projection)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        if (items.Count <= query.PageSize) return new Page<InstanceDetails>(items, null);
        items.RemoveAt(query.PageSize);
        return new Page<InstanceDetails>(items, new InstanceCursor(items[^1].CreatedAt, items[^1].Id).ToToken());
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
        return found is null ? NotFound(id) : found;
    }

    /// <summary>Asks for a start of a stopped instance.</summary>
    /// <returns>The change. Errors: InstanceNotFound, IncorrectInstanceState, QuotaExceeded, ImageUnavailable, InsufficientInstanceCapacity.</returns>
    public Task<Result<InstanceChange>> StartAsync(AccountId account, InstanceId id, CancellationToken cancellationToken) =>
        ChangeAsync(account, id, StartAsync, cancellationToken);

    /// <summary>Asks for a stop: the guest is asked first, then forced.</summary>
    /// <returns>The change. Errors: InstanceNotFound, IncorrectInstanceState.</returns>
    public Task<Result<InstanceChange>> StopAsync(AccountId account, InstanceId id, CancellationToken cancellationToken) =>
        ChangeAsync(account, id, static (_, instance, _) => Task.FromResult(instance.RequestStop()), cancellationToken);

    /// <summary>Asks for a reboot: RAM is cleared, the state stays running.</summary>
    /// <param name="account">The caller's account.</param>
    /// <param name="id">Which instance.</param>
    /// <param name="clientToken">A repeated token reboots once; null reboots each time.</param>
    /// <param name="cancellationToken">Gives up the request before its commit.</param>
    /// <returns>The change. Errors: InvalidParameter, InstanceNotFound, IncorrectInstanceState, IdempotentParameterMismatch.</returns>
    public async Task<Result<InstanceChange>> RebootAsync(
        AccountId account, InstanceId id, string? clientToken, CancellationToken cancellationToken)
    {
        if (clientToken is null)
            return await ChangeAsync(account, id, static (_, instance, _) => Task.FromResult(instance.RequestReboot()), cancellationToken)
                .ConfigureAwait(false);

        if (CreateInstancesValidator.CheckClientToken(clientToken) is { } invalid) return invalid;
        string fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"reboot:{id}")));
        return await ChangeAsync(account, id, RebootOnceAsync, cancellationToken).ConfigureAwait(false);

        async Task<CloudLabError?> RebootOnceAsync(CloudLabDbContext db, Instance instance, CancellationToken ct)
        {
            (bool isRepeated, CloudLabError? error) = await UseTokenAsync(db, account, clientToken, fingerprint, ct).ConfigureAwait(false);
            if (isRepeated || error is not null) return error;
            return instance.RequestReboot();
        }
    }

    /// <summary>Asks for the end of the instance; it is shown as terminated for an hour.</summary>
    /// <returns>The change. Errors: InstanceNotFound.</returns>
    public Task<Result<InstanceChange>> TerminateAsync(AccountId account, InstanceId id, CancellationToken cancellationToken) =>
        ChangeAsync(account, id, static (_, instance, _) => Terminate(instance), cancellationToken);

    private static Task<CloudLabError?> Terminate(Instance instance)
    {
        instance.RequestTerminate();
        return Task.FromResult<CloudLabError?>(null);
    }

    private async Task<Result<IReadOnlyList<InstanceDetails>>> CreateAsync(
        CloudLabDbContext db, AccountId account, CreateInstances request, InstanceType type, CancellationToken cancellationToken)
    {
        if (request.ClientToken is { } token)
        {
            (bool isRepeated, CloudLabError? error) =
                await UseTokenAsync(db, account, token, request.Fingerprint(), cancellationToken).ConfigureAwait(false);
            if (error is not null) return error;
            if (isRepeated) return await CreatedBeforeAsync(db, account, token, cancellationToken).ConfigureAwait(false);
        }

        Image? image = await ImageQueries.FindAsync(db, account, request.Image, cancellationToken).ConfigureAwait(false);
        CloudLabError? refusal = image is null
            ? ImageQueries.NotFound(request.Image)
            : await quotas.CheckCreateAsync(db, account, type, request.Count, cancellationToken).ConfigureAwait(false)
                ?? await CheckStartAsync(
                    db, image, type.Architecture, new HostShare(type.Vcpus, type.MemoryBytes), request.Count, cancellationToken).ConfigureAwait(false);
        if (refusal is not null)
        {
            // A refused request leaves its token unused.
            db.ChangeTracker.Clear();
            return refusal;
        }

        var created = new List<Instance>(request.Count);
        for (int i = 0; i < request.Count; i++)
        {
            IEnumerable<InstanceTag> tags = request.Tags.Select(tag => new InstanceTag(tag.Key, tag.Value));
            created.Add(Instance.Create(
                account, image!, type, request.ShutdownBehavior, request.ClientToken, tags, time.GetUtcMicroseconds()));
        }

        db.Instances.AddRange(created);
        return NewestFirst(created);
    }

    private async Task<CloudLabError?> StartAsync(CloudLabDbContext db, Instance instance, CancellationToken cancellationToken)
    {
        if (instance.State != InstanceState.Stopped) return instance.RequestStart(time.GetUtcMicroseconds());
        Image image = await db.Images.SingleAsync(i => i.Id == instance.ImageId, cancellationToken).ConfigureAwait(false);
        return await quotas.CheckStartAsync(db, instance, cancellationToken).ConfigureAwait(false)
            ?? await CheckStartAsync(
                db, image, instance.Architecture, new HostShare(instance.Vcpus, instance.MemoryBytes), 1, cancellationToken).ConfigureAwait(false)
            ?? instance.RequestStart(time.GetUtcMicroseconds());
    }

    private async Task<CloudLabError?> CheckStartAsync(
        CloudLabDbContext db, Image image, Architecture architecture, HostShare size, int count, CancellationToken cancellationToken)
    {
        // An instance that is there keeps its deregistered image; a new one does not find it.
        if (image.State is not (ImageState.Available or ImageState.Deregistered))
        {
            string reason = image.StateReason ?? $"it is {EnumText.Of(image.State)}";
            return new CloudLabError(ErrorCode.ImageUnavailable, $"image {image.Name} cannot start: {reason}");
        }

        if (image.Architecture != architecture)
            return new CloudLabError(ErrorCode.InvalidParameter, "the image and the instance type differ in architecture");
        bool hasRoom = await PlacementCapacity
            .HasRoomAsync(db, architecture, size, count, time.GetUtcNow(), cancellationToken)
            .ConfigureAwait(false);
        return hasRoom ? null : new CloudLabError(ErrorCode.InsufficientInstanceCapacity, "no host has room for the request now");
    }

    private async Task<Result<InstanceChange>> ChangeAsync(
        AccountId account,
        InstanceId id,
        Func<CloudLabDbContext, Instance, CancellationToken, Task<CloudLabError?>> change,
        CancellationToken cancellationToken)
    {
        Result<InstanceChange> result = await contexts.WriteAsync(ApplyAsync, cancellationToken).ConfigureAwait(false);
        if (result.IsOk) signal.Notify();
        return result;

        async Task<Result<InstanceChange>> ApplyAsync(CloudLabDbContext db, CancellationToken ct)
        {
            Instance? instance = await db.Instances
                .SingleOrDefaultAsync(i => i.AccountId == account && i.Id == id, ct)
                .ConfigureAwait(false);
            if (instance is null) return NotFound(id);
            InstanceState previous = instance.State;
            if (await change(db, instance, ct).ConfigureAwait(false) is not { } error)
                return new InstanceChange(id, previous, instance.State);
            db.ChangeTracker.Clear();
            return error;
        }
    }

    /// <summary>Records a client token, or finds that it was used for the same before.</summary>
    private async Task<(bool IsRepeated, CloudLabError? Error)> UseTokenAsync(
        CloudLabDbContext db, AccountId account, string token, string fingerprint, CancellationToken cancellationToken)
    {
        ClientRequest? before = await db.ClientRequests.AsNoTracking()
            .SingleOrDefaultAsync(r => r.AccountId == account && r.Token == token, cancellationToken)
            .ConfigureAwait(false);
        if (before is null)
        {
            db.ClientRequests.Add(new ClientRequest(account, token, fingerprint, time.GetUtcMicroseconds()));
            return (false, null);
        }

        if (before.Fingerprint == fingerprint) return (true, null);
        return (false, new CloudLabError(
            ErrorCode.IdempotentParameterMismatch, "the client token was used before for a request with other parameters"));
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

    private static CloudLabError NotFound(InstanceId id) => new(ErrorCode.InstanceNotFound, $"there is no instance {id}");
}
