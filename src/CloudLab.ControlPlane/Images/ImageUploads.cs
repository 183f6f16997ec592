using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Machine;
using CloudLab.Storage.Blobs;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Images;

/// <summary>Takes the files of accounts' images. What is cut off, too long, not as promised or no kernel at all leaves nothing.</summary>
public sealed class ImageUploads(
    IDbContextFactory<CloudLabDbContext> contexts, ImageBlobs blobs, Hypervisor hypervisor) : IDisposable
{
    /// <summary>The largest file: 512 MiB, ten times a kernel with all its debugging symbols stripped.</summary>
    public const long MaxBytes = 512L << 20;

    // A file that is examined is held in memory meanwhile: one at a time.
    private readonly SemaphoreSlim _examination = new(1, 1);

    /// <summary>Stores a file of an image in place of the one before.</summary>
    /// <param name="account">The caller's account.</param>
    /// <param name="id">The image's id, as the client wrote it.</param>
    /// <param name="part">Which of its files.</param>
    /// <param name="content">Read once, to its end; owned by the caller.</param>
    /// <param name="checks">What the client says of it.</param>
    /// <param name="cancellationToken">Gives up; nothing is seen of it then.</param>
    /// <returns>The file. Errors: ImageNotFound, ImageNotOwned, ImageFileTooLarge, ImageFileInvalid, ChecksumMismatch.</returns>
    /// <exception cref="IOException">The blob store or the client's connection failed.</exception>
    public async Task<Result<ImageUpload>> UploadAsync(
        AccountId account, string id, ImagePart part, Stream content, UploadChecks checks, CancellationToken cancellationToken)
    {
        if (checks.Length > MaxBytes) return Refuse(UploadFault.TooLong);
        Result<Image> image;
        await using (CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false))
            image = await ImageQueries.FindOwnAsync(db, account, id, cancellationToken).ConfigureAwait(false);
        if (!image.IsOk) return image.Error;

        ImageFile file;
        try
        {
            await using var upload = new UploadStream(content, checks, MaxBytes);
            file = await blobs.StoreAsync(image.Value.Id, part, upload, cancellationToken).ConfigureAwait(false);
        }
        catch (UploadRefusedException refused)
        {
            return Refuse(refused.Fault);
        }

        bool isKept = false;
        try
        {
            CloudLabError? fault = await ExamineAsync(part, file, image.Value.StartMode, cancellationToken).ConfigureAwait(false);
            if (fault is not null) return fault;
            (Result<ImageUpload> result, ImageFile? replaced) =
                await AttachAsync(account, id, part, file, cancellationToken).ConfigureAwait(false);
            isKept = result.IsOk;
            await blobs.ReleaseAsync([replaced]).ConfigureAwait(false);
            return result;
        }
        finally
        {
            if (!isKept) await blobs.ReleaseAsync([file]).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _examination.Dispose();

    private async Task<(Result<ImageUpload> Result, ImageFile? Replaced)> AttachAsync(
        AccountId account, string id, ImagePart part, ImageFile file, CancellationToken cancellationToken)
    {
        ImageFile? replaced = null;
        Result<ImageUpload> result = await contexts.WriteAsync<Result<ImageUpload>>(
            async (db, ct) =>
            {
                await ImageQueries.LockAsync(db, id, ct).ConfigureAwait(false);
                Result<Image> row = await ImageQueries.FindOwnAsync(db, account, id, ct).ConfigureAwait(false);
                if (!row.IsOk) return row.Error;
                // A repeated attempt needs a row of its own for the file.
                replaced = row.Value.Attach(part, file with { });
                ImageQueries.Touch(db, row.Value);
                return new ImageUpload(part, file, ImageDetails.Of(row.Value, account));
            },
            cancellationToken).ConfigureAwait(false);
        return (result, result.IsOk ? replaced : null);
    }

    /// <summary>Whether a machine could load it; what else may be wrong with it, the guest itself will tell.</summary>
    private async Task<CloudLabError?> ExamineAsync(
        ImagePart part, ImageFile file, StartMode startMode, CancellationToken cancellationToken)
    {
        if (part == ImagePart.Initramfs) return null;
        await _examination.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await using BlobContent content = await blobs.OpenAsync(file, cancellationToken).ConfigureAwait(false);
            using GuestImage loaded = await hypervisor.LoadImageAsync(file.Blob, content.Content, cancellationToken).ConfigureAwait(false);
            string? fault = part == ImagePart.Kernel ? loaded.FindKernelFault(startMode) : loaded.FindFirmwareFault();
            return fault is null ? null : new CloudLabError(ErrorCode.ImageFileInvalid, fault);
        }
        finally
        {
            _examination.Release();
        }
    }

    private static CloudLabError Refuse(UploadFault fault) => fault switch
    {
        UploadFault.Empty => new(ErrorCode.ImageFileInvalid, "the file is empty"),
        UploadFault.TooLong => new(ErrorCode.ImageFileTooLarge, $"a file of an image has at most {MaxBytes} bytes"),
        UploadFault.CutOff => new(ErrorCode.ImageFileInvalid, "the upload ended before its announced length"),
        UploadFault.WrongChecksum => new(ErrorCode.ChecksumMismatch, "the bytes that arrived do not have the checksum that came with them"),
    };
}
