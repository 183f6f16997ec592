using System.Buffers;
using CloudLab.Storage.Blobs;
using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Objects;

/// <summary>The objects of one volume's stream, to read: its own and those of clones that descend from it meet here.</summary>
/// <remarks>All methods may be called from any thread.</remarks>
/// <param name="blobs">Where they are.</param>
/// <param name="volume">Whose they are.</param>
internal sealed class VolumeObjects(IBlobStore blobs, string volume)
{
    /// <summary>Directories in memory, of at most 32 KiB each.</summary>
    private const int MaxDirectories = 64;

    private readonly LruCache<string, PackDirectory> _directories = new(MaxDirectories);
    private volatile IReadOnlyList<Pack>? _packs;

    public string Volume => volume;

    /// <summary>Reads slots in a row, trailers included, not verified.</summary>
    /// <param name="first">The place of the first.</param>
    /// <param name="count">How many; fewer may be answered where they lie apart now, or where the object ends.</param>
    /// <param name="slots">Room for them.</param>
    /// <returns>How many were read; 0 if the first is nowhere.</returns>
    /// <exception cref="IOException">The store does not answer.</exception>
    /// <exception cref="InvalidDataException">Something is damaged.</exception>
    public async Task<int> ReadAsync(MapEntry first, int count, Memory<byte> slots, CancellationToken cancellationToken)
    {
        for (var isFresh = false; ; isFresh = true)
        {
            if (isFresh || _packs is null)
                _packs = await ListPacksAsync(cancellationToken);
            if (await ReadPackedAsync(first, count, slots, cancellationToken) is var packed and > 0)
                return packed;
            var read = await blobs.TryReadAsync(
                VolumeNames.Object(volume, first.Sequence), (long)first.Slot * VolumeGeometry.SlotBytes,
                slots[..(count * VolumeGeometry.SlotBytes)], cancellationToken);
            if (read is >= VolumeGeometry.SlotBytes)
                return read.Value / VolumeGeometry.SlotBytes;
            if (isFresh)
                return 0;
        }
    }

    /// <summary>The packs that are there.</summary>
    public async Task<IReadOnlyList<Pack>> ListPacksAsync(CancellationToken cancellationToken)
    {
        var packs = new List<Pack>();
        await foreach (var blob in blobs.ListAsync(VolumeNames.Packed(volume), null, cancellationToken))
        {
            if (VolumeNames.TryParsePack(volume, blob.Name) is var (first, last))
                packs.Add(new(blob.Name, first, last));
        }

        return packs;
    }

    /// <summary>The packs have changed: they are listed anew before the next read.</summary>
    public void ForgetPacks() => _packs = null;

    /// <summary>Where the slots of a pack are.</summary>
    /// <exception cref="FileNotFoundException">It is gone.</exception>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public async ValueTask<PackDirectory> DirectoryOfAsync(Pack pack, CancellationToken cancellationToken)
    {
        if (_directories.TryGet(pack.Name) is { } known)
            return known;
        var directory = await ReadDirectoryAsync(pack, cancellationToken);
        _directories.Add(pack.Name, directory);
        return directory;
    }

    private async Task<PackDirectory> ReadDirectoryAsync(Pack pack, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(PackDirectory.MaxBytes);
        try
        {
            var read = await blobs.TryReadAsync(pack.Name, 0, buffer.AsMemory(0, PackDirectory.MaxBytes), cancellationToken);
            return read is { } bytes
                ? PackDirectory.TryRead(buffer.AsSpan(0, bytes)) ?? throw new InvalidDataException($"{pack.Name} has no valid directory.")
                : throw new FileNotFoundException(pack.Name);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<int> ReadPackedAsync(MapEntry first, int count, Memory<byte> slots, CancellationToken cancellationToken)
    {
        foreach (var pack in _packs ?? [])
        {
            if (!pack.Covers(first.Sequence))
                continue;
            try
            {
                var directory = await DirectoryOfAsync(pack, cancellationToken);
                if (directory.TryFind(first.Sequence, first.Slot) is not { } at)
                    continue;
                var run = 1;
                while (run < count && directory.TryFind(first.Sequence, first.Slot + run) == at + run)
                    run++;
                var bytes = slots[..(run * VolumeGeometry.SlotBytes)];
                if (await blobs.TryReadAsync(pack.Name, (long)at * VolumeGeometry.SlotBytes, bytes, cancellationToken) == bytes.Length)
                    return run;
            }
            catch (FileNotFoundException)
            {
                // It was packed into another meanwhile.
            }
        }

        return 0;
    }
}
