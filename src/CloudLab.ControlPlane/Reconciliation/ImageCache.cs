using CloudLab.ControlPlane.Images;
using CloudLab.Machine;
using CloudLab.Storage.Blobs;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>The images that machines boot from, each held in memory once.</summary>
/// <remarks>A file that replaces another of its image drops it; machines that map its pages keep them.</remarks>
internal sealed class ImageCache(IBlobStore blobs) : IDisposable
{
    private readonly Dictionary<(ImageId, string Part), (string Blob, GuestImage Image)> _images = [];
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>The file's pages, read when they are not there yet.</summary>
    /// <returns>The image, or null when the blob store does not have the file, or not whole.</returns>
    /// <exception cref="IOException">The blob store failed.</exception>
    public async Task<GuestImage?> LoadAsync(ImageId id, string part, ImageFile file, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            bool isKnown = _images.TryGetValue((id, part), out var cached);
            if (isKnown && cached.Blob == file.Blob) return cached.Image;

            BlobResult<BlobContent> opened = await blobs.GetAsync(file.Blob, range: null, cancellationToken).ConfigureAwait(false);
            if (!opened.IsOk) return null;
            await using BlobContent content = opened.Value;
            GuestImage image = await Hypervisor.LoadImageAsync(file.Blob, content.Content, cancellationToken).ConfigureAwait(false);
            _images[(id, part)] = (file.Blob, image);
            if (isKnown) cached.Image.Dispose();
            return image;
        }
        catch (InvalidDataException)
        {
            return null;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, image) in _images.Values) image.Dispose();
        _images.Clear();
        _turn.Dispose();
    }
}
