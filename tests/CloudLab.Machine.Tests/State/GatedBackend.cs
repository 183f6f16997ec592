using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.Machine.Tests.State;

/// <summary>A disk in memory whose requests end on the pool, and only while its gate is open.</summary>
internal sealed class GatedBackend(byte[] content) : IBlockBackend
{
    private readonly MemoryBlockBackend _disk = new(content);
    private TaskCompletionSource _gate = Open();
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _inFlight;

    public event Action? SizeChanged
    {
        add { }
        remove { }
    }

    public ulong Size => _disk.Size;

    public int SectorSize => _disk.SectorSize;

    public bool IsReadOnly => false;

    public string Id => "gated";

    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Holds requests from now on; the task ends when one is held.</summary>
    public Task CloseGate()
    {
        _arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _arrived.Task;
    }

    public void OpenGate() => _gate.SetResult();

    public ValueTask<BlockResult> ReadAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers) => PassAsync(() => _disk.ReadAsync(offset, buffers));

    public ValueTask<BlockResult> WriteAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers) => PassAsync(() => _disk.WriteAsync(offset, buffers));

    public ValueTask<BlockResult> FlushAsync() => PassAsync(_disk.FlushAsync);

    public ValueTask<BlockResult> DiscardAsync(ulong offset, ulong length) => PassAsync(() => _disk.DiscardAsync(offset, length));

    public ValueTask<BlockResult> WriteZeroesAsync(ulong offset, ulong length) => PassAsync(() => _disk.WriteZeroesAsync(offset, length));

    public ValueTask DisposeAsync() => _disk.DisposeAsync();

    private static TaskCompletionSource Open()
    {
        var gate = new TaskCompletionSource();
        gate.SetResult();
        return gate;
    }

    private async ValueTask<BlockResult> PassAsync(Func<ValueTask<BlockResult>> request)
    {
        Interlocked.Increment(ref _inFlight);
        Task gate = _gate.Task;
        if (!gate.IsCompleted) _arrived.TrySetResult();
        await Task.Yield();
        await gate;
        BlockResult result = await request();
        Interlocked.Decrement(ref _inFlight);
        return result;
    }
}
