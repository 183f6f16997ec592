namespace CloudLab.Machine.Devices.Virtio.Block;

/// <summary>What a virtual disk stands on: a volume, a raw file, memory.</summary>
/// <remarks>
/// Calls overlap and complete in any order; none is implied. A flush covers the writes that had completed before it
/// was called. Buffers are guest RAM: they stay valid until the returned task has ended, and the guest may change
/// them meanwhile. Methods do not throw for what can be expected (see <see cref="BlockResult"/>).
/// </remarks>
public interface IBlockBackend : IAsyncDisposable
{
    /// <summary>The size of the disk in bytes, a multiple of <see cref="SectorSize"/>.</summary>
    ulong Size { get; }

    /// <summary>The logical sector size in bytes: 512 or 4096.</summary>
    int SectorSize { get; }

    /// <summary>Whether writes, discards and write-zeroes are refused.</summary>
    bool IsReadOnly { get; }

    /// <summary>The serial number that the guest sees, at most 20 ASCII characters.</summary>
    string Id { get; }

    /// <summary>Raised after <see cref="Size"/> grew.</summary>
    event Action? SizeChanged;

    /// <summary>Fills <paramref name="buffers"/> in order from byte <paramref name="offset"/>.</summary>
    ValueTask<BlockResult> ReadAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers);

    /// <summary>Writes <paramref name="buffers"/> in order from byte <paramref name="offset"/>.</summary>
    ValueTask<BlockResult> WriteAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers);

    /// <summary>Completes when every write that completed before is durable.</summary>
    ValueTask<BlockResult> FlushAsync();

    /// <summary>The range's content is of no more use; it may read as anything afterwards.</summary>
    ValueTask<BlockResult> DiscardAsync(ulong offset, ulong length);

    /// <summary>The range reads as zeroes afterwards.</summary>
    ValueTask<BlockResult> WriteZeroesAsync(ulong offset, ulong length);
}
