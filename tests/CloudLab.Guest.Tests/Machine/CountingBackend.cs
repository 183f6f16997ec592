using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.Guest.Tests.Machine;

/// <summary>A disk in memory whose requests end on the pool, and which can tell when it was busy.</summary>
internal sealed class CountingBackend(int size) : IBlockBackend
{
    private readonly MemoryBlockBackend _disk = new(size);
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _inFlight;
    private int _remaining = int.MaxValue;

    public event Action? SizeChanged
    {
        add { }
        remove { }
    }

    public ulong Size => _disk.Size;

    public int SectorSize => _disk.SectorSize;

    public bool IsReadOnly => false;

    public string Id => "counting";

    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Ends when so many requests more have come.</summary>
    public Task AfterAsync(int requests)
    {
        Volatile.Write(ref _remaining, requests);
        return _reached.Task;
    }

    public ValueTask<BlockResult> ReadAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers) => PassAsync(() => _disk.ReadAsync(offset, buffers));

    public ValueTask<BlockResult> WriteAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers) => PassAsync(() => _disk.WriteAsync(offset, buffers));

    public ValueTask<BlockResult> FlushAsync() => PassAsync(_disk.FlushAsync);

    public ValueTask<BlockResult> DiscardAsync(ulong offset, ulong length) => PassAsync(() => _disk.DiscardAsync(offset, length));

    public ValueTask<BlockResult> WriteZeroesAsync(ulong offset, ulong length) => PassAsync(() => _disk.WriteZeroesAsync(offset, length));

    public ValueTask DisposeAsync() => _disk.DisposeAsync();

    private async ValueTask<BlockResult> PassAsync(Func<ValueTask<BlockResult>> request)
    {
        Interlocked.Increment(ref _inFlight);
        if (Interlocked.Decrement(ref _remaining) == 0) _reached.TrySetResult();
        await Task.Yield();
        BlockResult result = await request();
        Interlocked.Decrement(ref _inFlight);
        return result;
    }
}
