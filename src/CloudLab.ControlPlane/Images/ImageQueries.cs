using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Images;

/// <summary>How an image is found, for all who look for one.</summary>
internal static class ImageQueries
{
    /// <summary>The images that an account may use: its own and the built-in ones.</summary>
    public static IQueryable<Image> Visible(CloudLabDbContext db, AccountId account) =>
        db.Images.Where(i => (i.AccountId == null || i.AccountId == account) && i.State != ImageState.Deregistered);

    /// <summary>The image with this id, or the built-in one of this name. Hostile text finds nothing.</summary>
    public static async Task<Image?> FindAsync(
        CloudLabDbContext db, AccountId account, string idOrName, CancellationToken cancellationToken)
    {
        if (!PlainText.Is(idOrName)) return null;
        IQueryable<Image> images = Visible(db, account);
        images = ImageId.TryParse(idOrName, out ImageId id)
            ? images.Where(i => i.Id == id)
            : images.Where(i => i.AccountId == null && i.Name == idOrName);
        return await images.SingleOrDefaultAsync(cancellationToken).ConfigureAwait(false);
    }

    public static CloudLabError NotFound(string idOrName) =>
        new(ErrorCode.ImageNotFound, "there is no such image", Detail: idOrName);
}
