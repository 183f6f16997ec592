using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Images;

/// <summary>How an image is found, for all who look for one.</summary>
internal static class ImageQueries
{
    /// <summary>The images that an account may use: its own, the built-in ones, and those that are shared with it.</summary>
    public static IQueryable<Image> Visible(CloudLabDbContext db, AccountId account) =>
        db.Images.Where(i => i.State != ImageState.Deregistered
            && (i.AccountId == null || i.AccountId == account || i.IsPublic || i.Permissions.Any(p => p.AccountId == account)));

    /// <summary>The image with this id, or the built-in one of this name. Hostile text finds nothing.</summary>
    public static async Task<Image?> FindAsync(
        CloudLabDbContext db, AccountId account, string idOrName, CancellationToken cancellationToken)
    {
        if (!PlainText.Is(idOrName)) return null;
        IQueryable<Image> images = Visible(db, account);
        images = ImageId.TryParse(idOrName, out ImageId id)
            ? images.Where(i => i.Id == id)
            : images.Where(i => i.AccountId == null && i.Name == idOrName);
        return await images.Include(i => i.Tags).Include(i => i.Permissions).AsSplitQuery()
            .SingleOrDefaultAsync(cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>As <see cref="FindAsync"/>, for a change: only its own account may.</summary>
    /// <returns>The image. Errors: ImageNotFound, ImageNotOwned for one that the account may use but not change.</returns>
    public static async Task<Result<Image>> FindOwnAsync(
        CloudLabDbContext db, AccountId account, string idOrName, CancellationToken cancellationToken)
    {
        Image? image = await FindAsync(db, account, idOrName, cancellationToken).ConfigureAwait(false);
        if (image is null) return NotFound(idOrName);
        if (image.AccountId == account) return image;
        string owner = image.AccountId is null ? "belongs to the system" : "belongs to another account";
        return new CloudLabError(ErrorCode.ImageNotOwned, $"image {image.Id} {owner}: it can be used and copied, not changed");
    }

    /// <summary>
    /// Makes other changes and copies of the image wait for the end of the transaction, before it is read for either: a copy
    /// then has files that the source does not give up at the same moment (<see cref="ImageBlobs.ReleaseAsync"/>).
    /// </summary>
    public static Task LockAsync(CloudLabDbContext db, string idOrName, CancellationToken cancellationToken)
    {
        if (!PlainText.Is(idOrName)) return Task.CompletedTask;
        string which = ImageId.TryParse(idOrName, out _) ? "id = {0}" : "account_id is null and name = {0}";
        string statement = $"""select 1 as "Value" from images where {which} {db.LockRows}""";
        return db.Database.SqlQueryRaw<int>(statement, idOrName).ToListAsync(cancellationToken);
    }

    /// <summary>
    /// Raises the row's version with the write, also where only its files, tags or permissions change, which are rows of
    /// their own to EF.
    /// </summary>
    public static void Touch(CloudLabDbContext db, Image image) => db.Entry(image).Property(i => i.Version).IsModified = true;

    public static CloudLabError NotFound(string idOrName) =>
        new(ErrorCode.ImageNotFound, "there is no such image", Detail: idOrName);
}
