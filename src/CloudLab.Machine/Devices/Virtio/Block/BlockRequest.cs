using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices.Virtio.Block;

/// <summary>
/// One request of the driver, <c>struct virtio_blk_req</c> (virtio 1.3, section 5.2.6): parsed from its chain, submitted
/// to the backend, completed. Pooled by its device, so that a request allocates nothing.
/// </summary>
internal sealed class BlockRequest
{
    /// <summary>The unit of the protocol's sector numbers in bytes, whatever the disk's sector size.</summary>
    public const int SectorSize = 512;

    /// <summary>The length of a disk's serial number in bytes.</summary>
    public const int IdLength = 20;

    private const int HeaderLength = 16;
    private const int RangeLength = 16;
    private const uint Unmap = 1;

    private readonly BlockDevice _device;
    private readonly Action _continuation;
    private readonly List<Memory<byte>> _buffers = [];
    private ConfiguredValueTaskAwaitable<BlockResult>.ConfiguredValueTaskAwaiter _awaiter;

    public BlockRequest(BlockDevice device, GuestMemory memory)
    {
        _device = device;
        _continuation = Continue;
        Chain = new DescriptorChain(memory);
    }

    public DescriptorChain Chain { get; }

    public BlockRequestType Type { get; private set; }

    /// <summary>The first byte of the disk that the request is about.</summary>
    public ulong Offset { get; private set; }

    /// <summary>Bytes of the disk that the request is about.</summary>
    public ulong Length { get; private set; }

    /// <summary>The generation of the queue it came from.</summary>
    public int Generation { get; set; }

    /// <summary>Whether the chain has room for a status byte; without it no answer can be given.</summary>
    public bool HasStatus => Chain.WritableLength > 0;

    /// <summary>Makes sense of the chain.</summary>
    /// <returns><see cref="BlockStatus.Ok"/> when the request may be submitted, else the status to answer.</returns>
    public BlockStatus Parse()
    {
        _buffers.Clear();
        Offset = Length = 0;
        Span<byte> header = stackalloc byte[HeaderLength];
        if (Chain.ReadableLength < HeaderLength || !Chain.TryRead(0, header)) return BlockStatus.IoErr;
        Type = (BlockRequestType)BinaryPrimitives.ReadUInt32LittleEndian(header);
        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        return Type switch
        {
            BlockRequestType.In => ParseTransfer(sector, Chain.WritableLength - 1),
            BlockRequestType.Out => ParseTransfer(sector, Chain.ReadableLength - HeaderLength),
            BlockRequestType.Flush or BlockRequestType.GetId => BlockStatus.Ok,
            BlockRequestType.Discard or BlockRequestType.WriteZeroes => ParseRange(),
            _ => BlockStatus.Unsupp,
        };
    }

    /// <summary>Hands the request to the backend; <see cref="BlockDevice.Complete"/> follows, perhaps within this call.</summary>
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
            _device.Complete(this, BlockResult.IoError);
            return;
        }

        _awaiter = awaiter;
        if (awaiter.IsCompleted) Continue();
        else awaiter.UnsafeOnCompleted(_continuation);
    }

    /// <summary>Answers GET_ID: the serial number, padded with zeroes.</summary>
    public bool TryWriteId(string id)
    {
        Span<byte> bytes = stackalloc byte[IdLength];
        bytes.Clear();
        for (int i = 0; i < Math.Min(id.Length, IdLength); i++) bytes[i] = (byte)id[i];
        Length = Math.Min(Chain.WritableLength - 1, IdLength);
        return Chain.TryWrite(0, bytes[..(int)Length]);
    }

    /// <summary>The status is the last byte that the device may write.</summary>
    public bool TryWriteStatus(BlockStatus status) => Chain.TryWrite(Chain.WritableLength - 1, [(byte)status]);

    private ValueTask<BlockResult> Start(IBlockBackend backend) => Type switch
    {
        BlockRequestType.In => backend.ReadAsync(Offset, _buffers),
        BlockRequestType.Out => backend.WriteAsync(Offset, _buffers),
        BlockRequestType.Flush => backend.FlushAsync(),
        BlockRequestType.Discard => backend.DiscardAsync(Offset, Length),
        BlockRequestType.WriteZeroes => backend.WriteZeroesAsync(Offset, Length),
        BlockRequestType.GetId => new ValueTask<BlockResult>(TryWriteId(backend.Id) ? BlockResult.Ok : BlockResult.IoError),
        _ => new ValueTask<BlockResult>(BlockResult.Unsupported),
    };

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
        _device.Complete(this, result);
    }

    private BlockStatus ParseTransfer(ulong sector, ulong length)
    {
        if (!TrySetRange(sector, length)) return BlockStatus.IoErr;
        bool inRam = Type == BlockRequestType.In
            ? Chain.TryGetWritable(0, length, _buffers)
            : Chain.TryGetReadable(HeaderLength, length, _buffers);
        return inRam ? BlockStatus.Ok : BlockStatus.IoErr;
    }

    // One struct virtio_blk_discard_write_zeroes, as BlockConfig announces.
    private BlockStatus ParseRange()
    {
        Span<byte> range = stackalloc byte[RangeLength];
        if (Chain.ReadableLength != HeaderLength + RangeLength || !Chain.TryRead(HeaderLength, range)) return BlockStatus.IoErr;
        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(range);
        uint sectors = BinaryPrimitives.ReadUInt32LittleEndian(range[8..]);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(range[12..]);
        if ((flags & ~(Type == BlockRequestType.WriteZeroes ? Unmap : 0)) != 0) return BlockStatus.Unsupp;
        return sectors <= BlockConfig.MaxDiscardSectors && TrySetRange(sector, (ulong)sectors * SectorSize)
            ? BlockStatus.Ok
            : BlockStatus.IoErr;
    }

    private bool TrySetRange(ulong sector, ulong length)
    {
        if (sector > ulong.MaxValue / SectorSize || length % SectorSize != 0) return false;
        Offset = sector * SectorSize;
        Length = length;
        return _device.IsWithinDisk(Offset, length);
    }
}
