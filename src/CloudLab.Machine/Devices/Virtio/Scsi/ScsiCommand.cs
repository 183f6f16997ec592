using System.Buffers.Binary;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>A command descriptor block (SPC-4, section 4.3), which fields it has being told by its operation code's group.</summary>
internal readonly ref struct ScsiCommand(ReadOnlySpan<byte> bytes)
{
    /// <summary>The longest command known, in bytes; shorter ones are padded with zeroes.</summary>
    public const int Size = 16;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public ScsiOperation Operation => (ScsiOperation)_bytes[0];

    public byte this[int index] => _bytes[index];

    /// <summary>LOGICAL BLOCK ADDRESS.</summary>
    public ulong Block => Group switch
    {
        0 => BinaryPrimitives.ReadUInt32BigEndian(_bytes) & 0x1f_ffff,
        4 => BinaryPrimitives.ReadUInt64BigEndian(_bytes[2..]),
        _ => BinaryPrimitives.ReadUInt32BigEndian(_bytes[2..]),
    };

    /// <summary>TRANSFER LENGTH, PARAMETER LIST LENGTH or ALLOCATION LENGTH.</summary>
    public uint Length => Group switch
    {
        // INQUIRY has outgrown its group.
        0 => Operation == ScsiOperation.Inquiry ? BinaryPrimitives.ReadUInt16BigEndian(_bytes[3..]) : _bytes[4],
        1 or 2 => BinaryPrimitives.ReadUInt16BigEndian(_bytes[7..]),
        4 => BinaryPrimitives.ReadUInt32BigEndian(_bytes[10..]),
        _ => BinaryPrimitives.ReadUInt32BigEndian(_bytes[6..]),
    };

    /// <summary>RDPROTECT, WRPROTECT: protection information, which our disks have not.</summary>
    public bool WantsProtection => Group != 0 && _bytes[1] >> 5 != 0;

    /// <summary>FUA of a read or write: past the cache to the medium. MODE SENSE says that we have none (DPOFUA).</summary>
    public bool ForcesUnitAccess => Group != 0 && (_bytes[1] & 0x08) != 0;

    private int Group => _bytes[0] >> 5;
}
