using System.Security.Cryptography;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Storage.Blobs;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Images;

/// <summary>The files of images in the blob store. A file belongs to every row that names it: a copy shares its source's.</summary>
/// <remarks>
/// A file is stored before its row is committed and removed after, so that a row never names what isn't there; what a
/// process leaves behind that dies in between is an orphan, which <see cref="ImageCollector"/> finds.
/// </remarks>
public sealed class ImageBlobs(IDbContextFactory<CloudLabDbContext> contexts, IBlobStore blobs)
{
    /// <summary>All names begin with this.</summary>
    internal const string Prefix = "images/";

    /// <summary>Stores a file under a new name.</summary>
    /// <exception cref="IOException">The blob store or the stream failed; nothing is stored.</exception>
    internal async Task<ImageFile> StoreAsync(ImageId id, ImagePart part, Stream content, CancellationToken cancellationToken)
    {
        // The name has a random part: a file is never overwritten while a machine may be reading it.
        string blob = $"{Prefix}{id}/{EnumText.Of(part)}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var hashed = new HashingStream(content, sha256);
        BlobResult<BlobInfo> stored = await blobs
            .PutAsync(blob, hashed, BlobCondition.IfAbsent, cancellationToken)
            .ConfigureAwait(false);
        if (!stored.IsOk) throw new IOException($"the blob store refused {blob}: {stored.Error}");
        return new ImageFile(blob, stored.Value.Length, Convert.ToHexStringLower(sha256.GetHashAndReset()));
    }

    /// <summary>Opens a stored file.</summary>
    /// <exception cref="IOException">It is not there, or the blob store failed.</exception>
    internal async Task<BlobContent> OpenAsync(ImageFile file, CancellationToken cancellationToken)
    {
        BlobResult<BlobContent> opened = await blobs.GetAsync(file.Blob, range: null, cancellationToken).ConfigureAwait(false);
        return opened.IsOk ? opened.Value : throw new IOException($"the blob store cannot read {file.Blob}: {opened.Error}");
    }

    /// <summary>Removes those of the files that no row names. Called after the commit that gave them up.</summary>
    /// <remarks>
    /// A copy and a change of its source wait for each other (<see cref="ImageQueries.LockAsync"/>): a copy either was
    /// committed before the source gave the file up, and is seen here, or has what the source has now.
    /// </remarks>
    internal async Task ReleaseAsync(IEnumerable<ImageFile?> files)
    {
        foreach (ImageFile? file in files)
        {
            if (file is null) continue;
            await using CloudLabDbContext db = await contexts.CreateDbContextAsync(CancellationToken.None).ConfigureAwait(false);
            string blob = file.Blob;
            bool isNamed = await db.Images
                .AnyAsync(
                    i => i.Kernel!.Blob == blob || i.Firmware!.Blob == blob || i.Initramfs!.Blob == blob, CancellationToken.None)
                .ConfigureAwait(false);
            if (!isNamed) await blobs.DeleteAsync(blob, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Removes files that no row names and that were stored before <paramref name="storedBefore"/>.</summary>
    /// <returns>How many.</returns>
    internal async Task<int> RemoveOrphansAsync(DateTimeOffset storedBefore, CancellationToken cancellationToken)
    {
        List<string> old = [];
        await foreach (BlobInfo blob in blobs.ListAsync(Prefix, startAfter: null, cancellationToken).ConfigureAwait(false))
            if (blob.LastModified < storedBefore)
                old.Add(blob.Name);
        if (old.Count == 0) return 0;

        // After the listing: a file of it that is named by a row now is seen to be.
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        var rows = await db.Images.AsNoTracking()
            .Select(i => new { i.Kernel, i.Firmware, i.Initramfs })
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        HashSet<string> named = [.. rows.SelectMany(i => new[] { i.Kernel?.Blob, i.Firmware?.Blob, i.Initramfs?.Blob }).OfType<string>()];
        string[] orphans = [.. old.Where(blob => !named.Contains(blob))];
        foreach (string orphan in orphans) await blobs.DeleteAsync(orphan, cancellationToken).ConfigureAwait(false);
        return orphans.Length;
    }
}
