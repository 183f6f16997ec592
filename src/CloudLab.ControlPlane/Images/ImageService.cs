using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Reconciliation;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Images;

/// <summary>Images: what accounts can see of them, and how a built-in one comes to be.</summary>
public sealed class ImageService(
    IDbContextFactory<CloudLabDbContext> contexts, ImageBlobs blobs, ReconcileSignal signal, TimeProvider time)
{
    /// <summary>The images that the account may use, by name and then id.</summary>
    public async Task<IReadOnlyList<ImageDetails>> ListAsync(AccountId account, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        List<Image> images = await ImageQueries.Visible(db, account).AsNoTracking()
            .Include(i => i.Tags)
            .Include(i => i.Permissions)
            .AsSplitQuery()
            .OrderBy(i => i.Name)
            .ThenBy(i => i.Id)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        return [.. images.Select(image => ImageDetails.Of(image, account))];
    }

    /// <summary>One page of the images that the account may use, by name and then id.</summary>
    /// <returns>The page. Errors: InvalidParameter.</returns>
    public async Task<Result<Page<ImageDetails>>> ListAsync(AccountId account, ImageQuery query, CancellationToken cancellationToken)
    {
        if (query.PageSize is < 1 or > ImageQuery.MaxPageSize)
            return new CloudLabError(ErrorCode.InvalidParameter, $"the page size must be 1 to {ImageQuery.MaxPageSize}");
        if (query.Name is not null && !PlainText.Is(query.Name))
            return new CloudLabError(ErrorCode.InvalidParameter, "a name has no control character");
        ImageId after = default;
        if (query.NextToken is not null && !ImageId.TryParse(query.NextToken, out after))
            return new CloudLabError(ErrorCode.InvalidParameter, "the token of the next page is not one that a list returned");

        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        IQueryable<Image> images = ImageQueries.Visible(db, account).AsNoTracking();
        if (query.Name is { } name) images = images.Where(i => i.Name == name);
        if (query.State is { } state) images = images.Where(i => i.State == state);
        images = query.Owner switch
        {
            ImageOwner.Self => images.Where(i => i.AccountId == account),
            ImageOwner.System => images.Where(i => i.AccountId == null),
            ImageOwner.Shared => images.Where(i => i.AccountId != null && i.AccountId != account),
            null => images,
        };
        if (query.NextToken is not null)
        {
            // Where an image stands that has gone since is not known: its row stays for a while, so this is rare.
            string? last = await db.Images.Where(i => i.Id == after).Select(i => i.Name).SingleOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            if (last is null) return new CloudLabError(ErrorCode.InvalidParameter, "the list has changed since the page before; begin again");
            images = images.Where(i => i.Name.CompareTo(last) > 0 || (i.Name == last && i.Id > after));
        }

        List<Image> rows = await images
            .Include(i => i.Tags)
            .Include(i => i.Permissions)
            .AsSplitQuery()
            .OrderBy(i => i.Name)
            .ThenBy(i => i.Id)
            .Take(query.PageSize + 1)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        string? next = rows.Count > query.PageSize ? rows[query.PageSize - 1].Id.Value : null;
        return new Page<ImageDetails>([.. rows.Take(query.PageSize).Select(image => ImageDetails.Of(image, account))], next);
    }

    /// <summary>One image, by id or by a built-in one's name.</summary>
    /// <returns>The image. Errors: ImageNotFound.</returns>
    public async Task<Result<ImageDetails>> GetAsync(AccountId account, string idOrName, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        Image? image = await ImageQueries.FindAsync(db, account, idOrName, cancellationToken).ConfigureAwait(false);
        return image is null ? ImageQueries.NotFound(idOrName) : ImageDetails.Of(image, account);
    }

    /// <summary>The built-in image of that name, or null; for the server's own use (readiness), as it has no account.</summary>
    public async Task<ImageDetails?> FindBuiltInAsync(string name, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        Image? image = await BuiltIn(db, name).AsNoTracking().SingleOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        return image is null ? null : ImageDetails.Of(image, viewer: null);
    }

    /// <summary>Makes sure that a built-in image has a row; a new one is pending.</summary>
    public Task<ImageDetails> EnsureBuiltInAsync(string name, Architecture architecture, CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                Image? image = await BuiltIn(db, name).SingleOrDefaultAsync(ct).ConfigureAwait(false);
                if (image is null)
                {
                    image = new Image(name, architecture, time.GetUtcMicroseconds());
                    db.Images.Add(image);
                }

                return ImageDetails.Of(image, viewer: null);
            },
            cancellationToken);

    /// <summary>Says that the image is being made, or why it could not be.</summary>
    /// <param name="id">Which image; it exists.</param>
    /// <param name="state"><see cref="ImageState.Pending"/> or <see cref="ImageState.Unavailable"/>.</param>
    /// <param name="reason">A sentence for people, e.g. about progress; may be null when pending.</param>
    /// <param name="cancellationToken">Gives up before the commit.</param>
    public Task SetStateAsync(ImageId id, ImageState state, string? reason, CancellationToken cancellationToken)
    {
        if (state is not (ImageState.Pending or ImageState.Unavailable)) throw new ArgumentOutOfRangeException(nameof(state), state, null);
        return contexts.WriteAsync(
            async (db, ct) =>
            {
                Image image = await db.Images.SingleAsync(i => i.Id == id, ct).ConfigureAwait(false);
                image.Withhold(state, reason);
                return image;
            },
            cancellationToken);
    }

    /// <summary>Stores an image's files and makes it available. Instances that run keep what they booted.</summary>
    /// <param name="id">Which image; it exists.</param>
    /// <param name="contents">Its files.</param>
    /// <param name="cancellationToken">Gives up before the commit; nothing is seen of it then.</param>
    /// <exception cref="IOException">The blob store or a stream failed.</exception>
    public async Task<ImageDetails> PublishAsync(ImageId id, ImageContents contents, CancellationToken cancellationToken)
    {
        ImageFile kernel = await blobs.StoreAsync(id, ImagePart.Kernel, contents.Kernel, cancellationToken).ConfigureAwait(false);
        ImageFile? initramfs = contents.Initramfs is null
            ? null
            : await blobs.StoreAsync(id, ImagePart.Initramfs, contents.Initramfs, cancellationToken).ConfigureAwait(false);

        (Image image, ImageFile?[] replaced) = await contexts.WriteAsync(
            async (db, ct) =>
            {
                await ImageQueries.LockAsync(db, id.Value, ct).ConfigureAwait(false);
                Image row = await db.Images.SingleAsync(i => i.Id == id, ct).ConfigureAwait(false);
                ImageFile?[] before = [row.Kernel, row.Initramfs];
                row.Publish(kernel with { }, initramfs is null ? null : initramfs with { }, contents.CommandLine, contents.HasAgent);
                ImageQueries.Touch(db, row);
                return (row, before);
            },
            cancellationToken).ConfigureAwait(false);

        await blobs.ReleaseAsync(replaced).ConfigureAwait(false);
        signal.Notify();
        return ImageDetails.Of(image, viewer: null);
    }

    private static IQueryable<Image> BuiltIn(CloudLabDbContext db, string name) =>
        db.Images.Where(i => i.AccountId == null && i.Name == name);
}
