using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.Guest.Tests.Machine;

/// <summary>A disk in memory that shows the first part of its content, and more when it is told to grow.</summary>
internal sealed class GrowingDisk(byte[] content, ulong size, string id) : IBlockBackend
{
    private readonly MemoryBlockBackend _memory = new(content);
    private ulong _size = size;

    public event Action? SizeChanged;

    public ulong Size => Volatile.Read(ref _size);

    public int SectorSize => _memory.SectorSize;

    public bool IsReadOnly => false;

    public string Id => id;

    public void Grow(ulong newSize)
    {
        Volatile.Write(ref _size, newSize);
        SizeChanged?.Invoke();
    }

    public ValueTask<BlockResult> ReadAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers) => _memory.ReadAsync(offset, buffers);

    public ValueTask<BlockResult> WriteAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers) => _memory.WriteAsync(offset, buffers);

    public ValueTask<BlockResult> FlushAsync() => _memory.FlushAsync();

    public ValueTask<BlockResult> DiscardAsync(ulong offset, ulong length) => _memory.DiscardAsync(offset, length);

    public ValueTask<BlockResult> WriteZeroesAsync(ulong offset, ulong length) => _memory.WriteZeroesAsync(offset, length);

    public ValueTask DisposeAsync() => _memory.DisposeAsync();
}
