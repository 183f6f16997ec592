using System.Buffers.Binary;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>The configuration space of an adapter, <c>struct virtio_scsi_config</c> (virtio 1.3, section 5.6.4).</summary>
internal sealed class ScsiConfig
{
    /// <summary>Offset of <c>sense_size</c>, one of the two fields that the driver may write.</summary>
    public const ulong SenseSizeOffset = 20;

    /// <summary>Offset of <c>cdb_size</c>, the other one.</summary>
    public const ulong CdbSizeOffset = 24;

    // The most data segments of a request: the queue's size less header and response.
    private const uint SegMax = ScsiDevice.QueueSize - 2;
    // The most 512-byte sectors of a request: what a 16-bit field of the driver's holds, as other hypervisors answer.
    private const uint MaxSectors = 0xffff;

    private readonly byte[] _bytes = new byte[36];

    public ScsiConfig(ScsiState state)
    {
        Write32(0, 1); // num_queues
        Write32(4, SegMax);
        Write32(8, MaxSectors);
        Write32(12, ScsiDevice.QueueSize); // cmd_per_lun
        Write32(16, ScsiEvent.Size);
        // max_channel (16 bits) and max_target (16 bits) are 0: there is one target.
        Write32(32, ScsiTarget.MaxUnits - 1);
        Update(state);
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Shows the sizes that the driver chose.</summary>
    public void Update(ScsiState state)
    {
        Write32((int)SenseSizeOffset, state.SenseSize);
        Write32((int)CdbSizeOffset, state.CdbSize);
    }

    private void Write32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(offset), value);
}
