using System.Buffers.Binary;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices.Virtio.Block;

/// <summary>
/// One request of the driver, <c>struct virtio_blk_req</c> (virtio 1.3, section 5.2.6): parsed from its chain, submitted
/// to the backend, completed.
/// </summary>
internal sealed class BlockRequest(BlockDevice device, GuestMemory memory) : BackendRequest(memory)
{
    /// <summary>The unit of the protocol's sector numbers in bytes, whatever the disk's sector size.</summary>
    public const int SectorSize = 512;

    /// <summary>The length of a disk's serial number in bytes.</summary>
    public const int IdLength = 20;

    private const int HeaderLength = 16;
    private const int RangeLength = 16;
    private const uint Unmap = 1;

    /// <summary>Whether the chain has room for a status byte; without it no answer can be given.</summary>
    public bool HasStatus => Chain.WritableLength > 0;

    /// <summary>Makes sense of the chain.</summary>
    /// <returns><see cref="BlockStatus.Ok"/> when the request may be submitted, else the status to answer.</returns>
    public BlockStatus Parse()
    {
        Buffers.Clear();
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

    protected override ValueTask<BlockResult> Start(IBlockBackend backend) => Type == BlockRequestType.GetId
        ? new ValueTask<BlockResult>(TryWriteId(backend.Id) ? BlockResult.Ok : BlockResult.IoError)
        : base.Start(backend);

    protected override void Complete(BlockResult result) => device.Complete(this, result);

    private BlockStatus ParseTransfer(ulong sector, ulong length)
    {
        if (!TrySetRange(sector, length)) return BlockStatus.IoErr;
        bool inRam = Type == BlockRequestType.In
            ? Chain.TryGetWritable(0, length, Buffers)
            : Chain.TryGetReadable(HeaderLength, length, Buffers);
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
        return device.IsWithinDisk(Offset, length);
    }
}
