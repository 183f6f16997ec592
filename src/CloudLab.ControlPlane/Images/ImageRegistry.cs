using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Quotas;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Images;

/// <summary>What an account does with images of its own: register, copy, share, deregister. Any thread.</summary>
public sealed class ImageRegistry(IDbContextFactory<CloudLabDbContext> contexts, QuotaService quotas, TimeProvider time)
{
    /// <summary>Makes an image whose files are still to be uploaded.</summary>
    /// <returns>The image; on a repeated client token the one that it made. Errors: InvalidParameter, QuotaExceeded, IdempotentParameterMismatch, ImageNotFound.</returns>
    public async Task<Result<ImageDetails>> RegisterAsync(AccountId account, RegisterImage request, CancellationToken cancellationToken)
    {
        if (ImageValidator.Check(request) is { } invalid) return invalid;
        return await contexts.WriteAsync(
            (db, ct) => OnceAsync(
                db, account, request.ClientToken, request.Fingerprint(),
                () => Task.FromResult<Result<Image>>(Image.Register(account, request, time.GetUtcMicroseconds())), ct),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes an image of the account's own with the files of one that it may use; what becomes of that one does not matter to it.</summary>
    /// <returns>
    /// The copy; on a repeated client token the one that it made. Errors: InvalidParameter, ImageNotFound,
    /// ImageUnavailable, QuotaExceeded, IdempotentParameterMismatch.
    /// </returns>
    public async Task<Result<ImageDetails>> CopyAsync(
        AccountId account, string source, CopyImage request, CancellationToken cancellationToken)
    {
        if (ImageValidator.Check(request) is { } invalid) return invalid;
        return await contexts.WriteAsync(
            (db, ct) => OnceAsync(
                db, account, request.ClientToken, request.Fingerprint(source), () => CopyAsync(db, account, source, request, ct), ct),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says who may use an image besides its own account, in place of what was said before.</summary>
    /// <returns>The image. Errors: InvalidParameter, ImageNotFound, ImageNotOwned.</returns>
    public async Task<Result<ImageDetails>> ShareAsync(
        AccountId account, string id, ImageSharing sharing, CancellationToken cancellationToken)
    {
        AccountId[] others = [.. sharing.Accounts.Distinct().Where(a => a != account)];
        if (others.Length > ImagePermission.MaxPerImage)
            return new CloudLabError(ErrorCode.InvalidParameter, $"an image is shared with at most {ImagePermission.MaxPerImage} accounts");
        return await ChangeAsync(account, id, image => image.Share(others, sharing.IsPublic), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Withdraws an image for good. Instances that there are keep its files, and can be started again.</summary>
    /// <returns>The image. Errors: ImageNotFound, ImageNotOwned.</returns>
    public Task<Result<ImageDetails>> DeregisterAsync(AccountId account, string id, CancellationToken cancellationToken) =>
        ChangeAsync(account, id, image => image.Deregister(time.GetUtcMicroseconds()), cancellationToken);

    private Task<Result<ImageDetails>> ChangeAsync(
        AccountId account, string id, Action<Image> change, CancellationToken cancellationToken) =>
        contexts.WriteAsync<Result<ImageDetails>>(
            async (db, ct) =>
            {
                await ImageQueries.LockAsync(db, id, ct).ConfigureAwait(false);
                Result<Image> image = await ImageQueries.FindOwnAsync(db, account, id, ct).ConfigureAwait(false);
                if (!image.IsOk) return image.Error;
                change(image.Value);
                ImageQueries.Touch(db, image.Value);
                return ImageDetails.Of(image.Value, account);
            },
            cancellationToken);

    private async Task<Result<Image>> CopyAsync(
        CloudLabDbContext db, AccountId account, string idOrName, CopyImage request, CancellationToken cancellationToken)
    {
        await ImageQueries.LockAsync(db, idOrName, cancellationToken).ConfigureAwait(false);
        Image? source = await ImageQueries.FindAsync(db, account, idOrName, cancellationToken).ConfigureAwait(false);
        if (source is null) return ImageQueries.NotFound(idOrName);
        if (source.State != ImageState.Available)
            return new CloudLabError(ErrorCode.ImageUnavailable, $"image {source.Name} cannot be copied: {source.StateReason ?? "it is not available"}");
        return source.CopyFor(account, request, time.GetUtcMicroseconds());
    }

    /// <summary>Adds the image that <paramref name="make"/> makes, unless the client token made one before.</summary>
    private async Task<Result<ImageDetails>> OnceAsync(
        CloudLabDbContext db,
        AccountId account,
        string? token,
        string fingerprint,
        Func<Task<Result<Image>>> make,
        CancellationToken cancellationToken)
    {
        ClientRequest? before = token is null
            ? null
            : await db.ClientRequests.AsNoTracking()
                .SingleOrDefaultAsync(r => r.AccountId == account && r.Token == token, cancellationToken)
                .ConfigureAwait(false);
        if (before is not null)
        {
            if (before.Fingerprint != fingerprint)
                return new CloudLabError(
                    ErrorCode.IdempotentParameterMismatch, "the client token was used before for a request with other parameters");
            Image? made = await ImageQueries.Visible(db, account).Include(i => i.Tags).Include(i => i.Permissions).AsSplitQuery()
                .SingleOrDefaultAsync(i => i.AccountId == account && i.ClientToken == token, cancellationToken)
                .ConfigureAwait(false);
            return made is null
                ? new CloudLabError(ErrorCode.ImageNotFound, "the image that the client token made has been deregistered")
                : ImageDetails.Of(made, account);
        }

        Result<Image> image = await make().ConfigureAwait(false);
        CloudLabError? refusal = image.IsOk
            ? await quotas.CheckAsync(db, account, cancellationToken, (QuotaName.Images, 1)).ConfigureAwait(false)
            : image.Error;
        if (!image.IsOk || refusal is not null)
        {
            // A refused request leaves its token unused.
            db.ChangeTracker.Clear();
            return refusal!;
        }

        if (token is not null) db.ClientRequests.Add(new ClientRequest(account, token, fingerprint, time.GetUtcMicroseconds()));
        db.Images.Add(image.Value);
        return ImageDetails.Of(image.Value, account);
    }
}
