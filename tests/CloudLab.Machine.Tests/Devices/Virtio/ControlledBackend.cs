using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.Machine.Tests.Devices.Virtio;

/// <summary>A disk whose requests end when the test says so, in the order and on the thread it chooses.</summary>
internal sealed class ControlledBackend : IBlockBackend
{
    private readonly List<TaskCompletionSource<BlockResult>> _waiting = [];

    public event Action? SizeChanged;

    public ulong Size { get; private set; } = 1 << 20;

    public int SectorSize => 512;

    public bool IsReadOnly => false;

    public string Id => "controlled";

    public bool Throws { get; set; }

    public int WaitingCount => _waiting.Count;

    public ValueTask<BlockResult> ReadAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers) => Wait();

    public ValueTask<BlockResult> WriteAsync(ulong offset, IReadOnlyList<Memory<byte>> buffers) => Wait();

    public ValueTask<BlockResult> FlushAsync() => Wait();

    public ValueTask<BlockResult> DiscardAsync(ulong offset, ulong length) => Wait();

    public ValueTask<BlockResult> WriteZeroesAsync(ulong offset, ulong length) => Wait();

    /// <summary>Ends one request; its continuation runs within the call.</summary>
    public void End(int index, BlockResult result = BlockResult.Ok) => Take(index).SetResult(result);

    public void Fail(int index) => Take(index).SetException(new InvalidOperationException("the backend is broken"));

    public void Grow(ulong size)
    {
        Size = size;
        SizeChanged?.Invoke();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private TaskCompletionSource<BlockResult> Take(int index)
    {
        TaskCompletionSource<BlockResult> request = _waiting[index];
        _waiting.RemoveAt(index);
        return request;
    }

    private ValueTask<BlockResult> Wait()
    {
        if (Throws) throw new InvalidOperationException("the backend is broken");
        var request = new TaskCompletionSource<BlockResult>();
        _waiting.Add(request);
        return new ValueTask<BlockResult>(request.Task);
    }
}
