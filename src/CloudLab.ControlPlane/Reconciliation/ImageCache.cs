using CloudLab.ControlPlane.Images;
using CloudLab.Machine;
using CloudLab.Storage.Blobs;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>The files that machines boot from, each held in memory once, by the name of its blob.</summary>
/// <remarks>
/// A file in use stays. Files that no machine uses any more are kept for the next one as long as they are not too large
/// together; the one whose last use is longest ago goes first.
/// </remarks>
internal sealed class ImageCache(IBlobStore blobs, Hypervisor hypervisor) : IDisposable
{
    /// <summary>The most bytes of files that no machine uses: four times the built-in image's files.</summary>
    internal const ulong MaxIdleBytes = 192UL << 20;

    private readonly Dictionary<string, Entry> _entries = [];
    private readonly LinkedList<Entry> _idle = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _lock = new();
    private ulong _idleBytes;
    private bool _isDisposed;

    /// <summary>Bytes of files that are kept although no machine uses them.</summary>
    internal ulong IdleBytes
    {
        get
        {
            lock (_lock) return _idleBytes;
        }
    }

    /// <summary>The file's pages, read when they are not there yet.</summary>
    /// <returns>A use of the file, or null when the blob store does not have it, or not whole.</returns>
    /// <exception cref="IOException">The blob store failed.</exception>
    public async Task<ImageLease?> LoadAsync(ImageFile file, CancellationToken cancellationToken)
    {
        if (TryUse(file.Blob) is { } known) return known;
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (TryUse(file.Blob) is { } loaded) return loaded;
            BlobResult<BlobContent> opened = await blobs.GetAsync(file.Blob, range: null, cancellationToken).ConfigureAwait(false);
            if (!opened.IsOk) return null;
            await using BlobContent content = opened.Value;
            GuestImage image = await hypervisor.LoadImageAsync(file.Blob, content.Content, cancellationToken).ConfigureAwait(false);
            return Add(new Entry(file.Blob, image));
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

    /// <summary>Drops what is kept; files in use go with their last user.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            while (_idle.First is { } oldest) Drop(oldest.Value);
        }

        _turn.Dispose();
    }

    private ImageLease? TryUse(string blob)
    {
        lock (_lock) return _entries.TryGetValue(blob, out Entry? entry) ? Use(entry) : null;
    }

    private ImageLease Add(Entry entry)
    {
        lock (_lock)
        {
            _entries.Add(entry.Blob, entry);
            return Use(entry);
        }
    }

    private ImageLease Use(Entry entry)
    {
        if (entry.Place is { } place)
        {
            _idle.Remove(place);
            _idleBytes -= entry.Image.Length;
            entry.Place = null;
        }

        entry.Users++;
        return new ImageLease(entry.Image, () => Release(entry));
    }

    private void Release(Entry entry)
    {
        lock (_lock)
        {
            if (--entry.Users > 0) return;
            entry.Place = _idle.AddLast(entry);
            _idleBytes += entry.Image.Length;
            while (_idle.First is { } oldest && (_idleBytes > MaxIdleBytes || _isDisposed)) Drop(oldest.Value);
        }
    }

    private void Drop(Entry entry)
    {
        _idle.Remove(entry.Place!);
        _idleBytes -= entry.Image.Length;
        _entries.Remove(entry.Blob);
        entry.Image.Dispose();
    }

    private sealed class Entry(string blob, GuestImage image)
    {
        public string Blob { get; } = blob;

        public GuestImage Image { get; } = image;

        /// <summary>The machines that use it.</summary>
        public int Users { get; set; }

        /// <summary>Where it waits among those that none uses, or null.</summary>
        public LinkedListNode<Entry>? Place { get; set; }
    }
}
