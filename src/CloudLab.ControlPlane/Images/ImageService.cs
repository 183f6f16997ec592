using System.Security.Cryptography;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Reconciliation;
using CloudLab.Storage.Blobs;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Images;

/// <summary>Images: what accounts can see of them, and how a built-in one comes to be.</summary>
public sealed class ImageService(
    IDbContextFactory<CloudLabDbContext> contexts, IBlobStore blobs, ReconcileSignal signal, TimeProvider time)
{
    /// <summary>The images that the account may use, by name and then id.</summary>
    public async Task<IReadOnlyList<ImageDetails>> ListAsync(AccountId account, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        List<Image> images = await ImageQueries.Visible(db, account).AsNoTracking()
            .OrderBy(i => i.Name)
            .ThenBy(i => i.Id)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        return [.. images.Select(ImageDetails.Of)];
    }

    /// <summary>One image, by id or by a built-in one's name.</summary>
    /// <returns>The image. Errors: ImageNotFound.</returns>
    public async Task<Result<ImageDetails>> GetAsync(AccountId account, string idOrName, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        Image? image = await ImageQueries.FindAsync(db, account, idOrName, cancellationToken).ConfigureAwait(false);
        return image is null ? ImageQueries.NotFound(idOrName) : ImageDetails.Of(image);
    }

    /// <summary>The built-in image of that name, or null; for the server's own use (readiness), as it has no account.</summary>
    public async Task<ImageDetails?> FindBuiltInAsync(string name, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        Image? image = await BuiltIn(db, name).AsNoTracking().SingleOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        return image is null ? null : ImageDetails.Of(image);
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

                return ImageDetails.Of(image);
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
        ImageFile kernel = await StoreAsync(id, "kernel", contents.Kernel, cancellationToken).ConfigureAwait(false);
        ImageFile? initramfs = contents.Initramfs is null
            ? null
            : await StoreAsync(id, "initramfs", contents.Initramfs, cancellationToken).ConfigureAwait(false);

        (Image image, ImageFile?[] replaced) = await contexts.WriteAsync(
            async (db, ct) =>
            {
                Image row = await db.Images.SingleAsync(i => i.Id == id, ct).ConfigureAwait(false);
                ImageFile?[] before = [row.Kernel, row.Initramfs];
                row.Publish(kernel, initramfs, contents.CommandLine, contents.HasAgent);
                return (row, before);
            },
            cancellationToken).ConfigureAwait(false);

        foreach (ImageFile? file in replaced)
            if (file is not null && file.Blob != kernel.Blob && file.Blob != initramfs?.Blob)
                await blobs.DeleteAsync(file.Blob, cancellationToken).ConfigureAwait(false);
        signal.Notify();
        return ImageDetails.Of(image);
    }

    private static IQueryable<Image> BuiltIn(CloudLabDbContext db, string name) =>
        db.Images.Where(i => i.AccountId == null && i.Name == name);

    // The name has a random part: a file is never overwritten while a machine may be reading it.
    private async Task<ImageFile> StoreAsync(ImageId id, string part, Stream content, CancellationToken cancellationToken)
    {
        string blob = $"images/{id}/{part}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var hashed = new HashingStream(content, sha256);
        BlobResult<BlobInfo> stored = await blobs
            .PutAsync(blob, hashed, BlobCondition.IfAbsent, cancellationToken)
            .ConfigureAwait(false);
        if (!stored.IsOk) throw new IOException($"the blob store refused {blob}: {stored.Error}");
        return new ImageFile(blob, stored.Value.Length, Convert.ToHexStringLower(sha256.GetHashAndReset()));
    }
}
