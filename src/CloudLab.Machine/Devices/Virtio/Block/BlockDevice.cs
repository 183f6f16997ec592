using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices.Virtio.Block;

/// <summary>A disk (virtio 1.3, section 5.2) on an <see cref="IBlockBackend"/>.</summary>
/// <remarks>
/// Requests run in the backend side by side, at most as many as the ring has entries; each completes on whatever thread
/// the backend ends it. The backend is called without the device's lock. Its exceptions are answered as an I/O error.
/// </remarks>
internal sealed class BlockDevice : VirtioDevice, IDisposable
{
    /// <summary>The number of requests that can be under way, and of descriptors in a request.</summary>
    public const int QueueSize = 128;

    private readonly GuestMemory _memory;
    private readonly IBlockBackend _backend;
    private readonly BlockConfig _config;
    private readonly Stack<BlockRequest> _idle = new();

    public BlockDevice(GuestMemory memory, IInterruptLine line, IBlockBackend backend)
        : base(memory, line, new BlockMetrics(), VirtioDeviceType.Block, FeaturesOf(backend), QueueSize)
    {
        _memory = memory;
        _backend = backend;
        _config = new BlockConfig(backend);
        _backend.SizeChanged += OnSizeChanged;
    }

    public new BlockMetrics Metrics => (BlockMetrics)base.Metrics;

    public override ReadOnlySpan<byte> Config => _config.Bytes;

    /// <summary>Lets go of the backend, which its owner disposes of. The device has been drained.</summary>
    public void Dispose() => _backend.SizeChanged -= OnSizeChanged;

    /// <summary>Whether a range lies within the disk and on its sectors.</summary>
    public bool IsWithinDisk(ulong offset, ulong length) => BlockRange.Fits(_backend, offset, length);

    /// <summary>Ends a request, on any thread.</summary>
    public void Complete(BlockRequest request, BlockResult result)
    {
        bool orphansGone;
        lock (Lock)
        {
            Metrics.Count(request.Type, result, request.Length);
            BlockStatus status = result switch
            {
                BlockResult.Ok => BlockStatus.Ok,
                BlockResult.Unsupported => BlockStatus.Unsupp,
                BlockResult.OutOfRange or BlockResult.ReadOnly or BlockResult.IoError => BlockStatus.IoErr,
            };
            // Even a failed read may have changed the buffers, and even those of an orphan.
            if (request.Type == BlockRequestType.In) request.Chain.MarkWritten(request.Length);
            if (request.Generation == Queues[0].Generation) Answer(request, status);
            orphansGone = EndRequest();
            _idle.Push(request);
        }

        if (orphansGone) ProcessAll();
    }

    protected override bool HandleNext(int queue)
    {
        BlockRequest request;
        lock (Lock)
        {
            if (!_idle.TryPop(out request!)) request = new BlockRequest(this, _memory);
            if (!TryTake(Queues[0], request.Chain))
            {
                _idle.Push(request);
                return false;
            }

            BlockStatus status = Refuse(request);
            if (status != BlockStatus.Ok)
            {
                Metrics.CountMalformed();
                Answer(request, status);
                _idle.Push(request);
                return true;
            }

            request.Generation = Queues[0].Generation;
            BeginRequest();
        }

        request.Submit(_backend);
        return true;
    }

    private static ulong FeaturesOf(IBlockBackend backend) => BlockFeatures.SegMax | BlockFeatures.BlkSize | BlockFeatures.Flush
        | (backend.IsReadOnly ? BlockFeatures.ReadOnly : BlockFeatures.Discard | BlockFeatures.WriteZeroes);

    private BlockStatus Refuse(BlockRequest request)
    {
        if (!request.HasStatus) return BlockStatus.IoErr;
        BlockStatus status = request.Parse();
        bool changes = request.Type is BlockRequestType.Out or BlockRequestType.Discard or BlockRequestType.WriteZeroes;
        return status == BlockStatus.Ok && changes && _backend.IsReadOnly ? BlockStatus.IoErr : status;
    }

    // A request whose status byte cannot be written has no answer but a reset.
    private void Answer(BlockRequest request, BlockStatus status)
    {
        if (!request.HasStatus || !request.TryWriteStatus(status))
        {
            NeedReset();
            return;
        }

        ulong data = status == BlockStatus.Ok && request.Type is (BlockRequestType.In or BlockRequestType.GetId) ? request.Length : 0;
        Return(Queues[0], request.Chain.Head, (uint)Math.Min(data + 1, uint.MaxValue));
    }

    private void OnSizeChanged()
    {
        lock (Lock)
        {
            _config.SetCapacity(_backend.Size);
            ConfigChanged();
        }
    }
}
