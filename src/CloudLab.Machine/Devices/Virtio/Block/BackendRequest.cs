using System.Runtime.CompilerServices;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices.Virtio.Block;

/// <summary>
/// One request of a driver that an <see cref="IBlockBackend"/> carries out, whatever protocol it came in: its chain, what
/// it asks of the disk, and the way through the backend. Pooled by its device, so that a request allocates nothing.
/// </summary>
internal abstract class BackendRequest
{
    private readonly Action _continuation;
    private ConfiguredValueTaskAwaitable<BlockResult>.ConfiguredValueTaskAwaiter _awaiter;

    protected BackendRequest(GuestMemory memory)
    {
        _continuation = Continue;
        Chain = new DescriptorChain(memory);
    }

    public DescriptorChain Chain { get; }

    /// <summary>What it asks of the disk.</summary>
    public BlockRequestType Type { get; protected set; }

    /// <summary>The first byte of the disk that the request is about.</summary>
    public ulong Offset { get; protected set; }

    /// <summary>Bytes of the disk that the request is about.</summary>
    public ulong Length { get; protected set; }

    /// <summary>The generation of the queue it came from.</summary>
    public int Generation { get; set; }

    /// <summary>The guest memory of a transfer.</summary>
    protected List<Memory<byte>> Buffers { get; } = [];

    /// <summary>Hands the request to the backend; <see cref="Complete"/> follows, perhaps within this call. Without a lock.</summary>
    public void Submit(IBlockBackend backend)
    {
        ConfiguredValueTaskAwaitable<BlockResult>.ConfiguredValueTaskAwaiter awaiter;
        try
        {
            // The task is consumed once, in Continue: awaiting it by hand is what saves a state machine per request.
#pragma warning disable CA2012
            awaiter = Start(backend).ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
        }
        catch (Exception)
        {
            // A backend that throws is broken infrastructure; to the guest it is a medium that failed.
            Complete(BlockResult.IoError);
            return;
        }

        _awaiter = awaiter;
        if (awaiter.IsCompleted) Continue();
        else awaiter.UnsafeOnCompleted(_continuation);
    }

    /// <summary>Calls the backend.</summary>
    protected virtual ValueTask<BlockResult> Start(IBlockBackend backend) => Type switch
    {
        BlockRequestType.In => backend.ReadAsync(Offset, Buffers),
        BlockRequestType.Out => backend.WriteAsync(Offset, Buffers),
        BlockRequestType.Flush => backend.FlushAsync(),
        BlockRequestType.Discard => backend.DiscardAsync(Offset, Length),
        BlockRequestType.WriteZeroes => backend.WriteZeroesAsync(Offset, Length),
        _ => new ValueTask<BlockResult>(BlockResult.Unsupported),
    };

    /// <summary>The backend has ended it. On any thread, without a lock; does not throw.</summary>
    protected abstract void Complete(BlockResult result);

    private void Continue()
    {
        BlockResult result;
        try
        {
            result = _awaiter.GetResult();
        }
        catch (Exception)
        {
            result = BlockResult.IoError;
        }

        _awaiter = default;
        Complete(result);
    }
}
