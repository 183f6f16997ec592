using CloudLab.ControlPlane.Images;
using CloudLab.Machine;
using CloudLab.Storage.Blobs;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>The images that machines boot from, each held in memory once.</summary>
/// <remarks>The newest file of each part of an image is kept; one that it replaced goes with its last user.</remarks>
internal sealed class ImageCache(IBlobStore blobs, Hypervisor hypervisor) : IDisposable
{
    private readonly Dictionary<(ImageId, string Part), Entry> _newest = [];
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _lock = new();

    /// <summary>The file's pages, read when they are not there yet.</summary>
    /// <returns>A use of the image, or null when the blob store does not have the file, or not whole.</returns>
    /// <exception cref="IOException">The blob store failed.</exception>
    public async Task<ImageLease?> LoadAsync(ImageId id, string part, ImageFile file, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (TryUse((id, part), file.Blob) is { } known) return known;
            BlobResult<BlobContent> opened = await blobs.GetAsync(file.Blob, range: null, cancellationToken).ConfigureAwait(false);
            if (!opened.IsOk) return null;
            await using BlobContent content = opened.Value;
            GuestImage image = await hypervisor.LoadImageAsync(file.Blob, content.Content, cancellationToken).ConfigureAwait(false);
            return Replace((id, part), new Entry(file.Blob, image));
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

    /// <summary>Drops what is kept; images in use go with their last user.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (Entry entry in _newest.Values) Release(entry);
            _newest.Clear();
        }

        _turn.Dispose();
    }

    private ImageLease? TryUse((ImageId, string) key, string blob)
    {
        lock (_lock) return _newest.TryGetValue(key, out Entry? entry) && entry.Blob == blob ? Use(entry) : null;
    }

    private ImageLease Replace((ImageId, string) key, Entry entry)
    {
        lock (_lock)
        {
            if (_newest.TryGetValue(key, out Entry? before)) Release(before);
            _newest[key] = entry;
            return Use(entry);
        }
    }

    private ImageLease Use(Entry entry)
    {
        entry.Users++;
        return new ImageLease(entry.Image, () =>
        {
            lock (_lock) Release(entry);
        });
    }

    private static void Release(Entry entry)
    {
        if (--entry.Users == 0) entry.Image.Dispose();
    }

    private sealed class Entry(string blob, GuestImage image)
    {
        public string Blob { get; } = blob;

        public GuestImage Image { get; } = image;

        /// <summary>The machines, and the cache itself while this is the newest.</summary>
        public int Users { get; set; } = 1;
    }
}
