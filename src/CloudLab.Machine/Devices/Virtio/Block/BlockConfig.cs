using System.Buffers.Binary;

namespace CloudLab.Machine.Devices.Virtio.Block;

/// <summary>
/// The configuration space of a block device, <c>struct virtio_blk_config</c> (virtio 1.3, section 5.2.4), as far as
/// the features we offer define it.
/// </summary>
internal sealed class BlockConfig
{
    /// <summary>The most data segments of a request: the queue's size less header and status.</summary>
    public const int SegMax = BlockDevice.QueueSize - 2;

    /// <summary>The longest discard or write-zeroes, in 512-byte sectors: 32 MiB, so that one request stays short.</summary>
    public const uint MaxDiscardSectors = 1 << 16;

    private readonly byte[] _bytes = new byte[60];

    public BlockConfig(IBlockBackend backend)
    {
        uint sectors = (uint)backend.SectorSize / BlockRequest.SectorSize;
        Write32(12, SegMax);
        Write32(20, (uint)backend.SectorSize);
        // One segment each: max_discard_seg and max_write_zeroes_seg.
        Write32(36, MaxDiscardSectors);
        Write32(40, 1);
        Write32(44, sectors);
        Write32(48, MaxDiscardSectors);
        Write32(52, 1);
        _bytes[56] = 1; // write_zeroes_may_unmap
        SetCapacity(backend.Size);
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Sets <c>capacity</c> from a size in bytes.</summary>
    public void SetCapacity(ulong size) => BinaryPrimitives.WriteUInt64LittleEndian(_bytes, size / BlockRequest.SectorSize);

    private void Write32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(offset), value);
}
