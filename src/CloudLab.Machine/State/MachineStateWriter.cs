using System.Buffers;
using System.Buffers.Binary;

namespace CloudLab.Machine.State;

/// <summary>Writes the state of a machine, part by part. docs/formats/machine-state.md has the content of each section.</summary>
/// <remarks>
/// <code>
/// header    0  8  magic: 89 'C' 'L' 'M' 0D 0A 1A 0A
///           8  2  version of this layout: 1
///          10  2  N, the number of sections
///          12  4  CRC-32C of the 12 bytes before
/// section   0  2  kind, see <see cref="StateSection"/>
///           2  2  version of the kind's content
///           4  4  index among its kind, e.g. the hart's id
///           8  4  L, the length of the content
///          12  L  content
///        12+L  4  CRC-32C of the section's 12+L bytes before
/// </code>
/// N sections follow the header and nothing follows them. Integers are little-endian; a truth value is a byte, 0 or 1.
/// Each section carries its own version so that one part of the machine can change its content alone, and its own
/// checksum so that damage is reported with the part it is in. The header comes first and counts the sections, so that
/// a reader knows at its first bytes whether it can read the rest, and that a file cut between two sections is short.
/// The checksums find accidents; they are no proof of who wrote the file, so a reader trusts no value for them.
/// </remarks>
internal sealed class MachineStateWriter
{
    public const int HeaderLength = 16;
    public const int SectionHeaderLength = 12;
    public const int ChecksumLength = 4;
    public const ushort Version = 1;

    private readonly ArrayBufferWriter<byte> _sections = new(16 * 1024);
    private readonly ArrayBufferWriter<byte> _content = new(1024);
    private ushort _count;
    private (StateSection Kind, ushort Version, int Index) _open;

    public static ReadOnlySpan<byte> Magic => [0x89, (byte)'C', (byte)'L', (byte)'M', 0x0d, 0x0a, 0x1a, 0x0a];

    /// <summary>Begins a section; <see cref="End"/> closes it.</summary>
    public void Begin(StateSection kind, ushort version, int index = 0)
    {
        _open = (kind, version, index);
        _content.ResetWrittenCount();
    }

    public void End()
    {
        int length = SectionHeaderLength + _content.WrittenCount;
        Span<byte> section = _sections.GetSpan(length + ChecksumLength);
        BinaryPrimitives.WriteUInt16LittleEndian(section, (ushort)_open.Kind);
        BinaryPrimitives.WriteUInt16LittleEndian(section[2..], _open.Version);
        BinaryPrimitives.WriteInt32LittleEndian(section[4..], _open.Index);
        BinaryPrimitives.WriteInt32LittleEndian(section[8..], _content.WrittenCount);
        _content.WrittenSpan.CopyTo(section[SectionHeaderLength..]);
        BinaryPrimitives.WriteUInt32LittleEndian(section[length..], Crc32C.Compute(section[..length]));
        _sections.Advance(length + ChecksumLength);
        _count++;
    }

    public void Write(byte value) => Write([value]);

    public void Write(bool value) => Write(value ? (byte)1 : (byte)0);

    public void Write(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_content.GetSpan(sizeof(ushort)), value);
        _content.Advance(sizeof(ushort));
    }

    public void Write(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_content.GetSpan(sizeof(uint)), value);
        _content.Advance(sizeof(uint));
    }

    public void Write(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_content.GetSpan(sizeof(ulong)), value);
        _content.Advance(sizeof(ulong));
    }

    public void Write(UInt128 value)
    {
        Write((ulong)value);
        Write((ulong)(value >> 64));
    }

    public void Write(ReadOnlySpan<byte> bytes) => _content.Write(bytes);

    /// <summary>Header and sections.</summary>
    public byte[] ToArray()
    {
        byte[] bytes = new byte[HeaderLength + _sections.WrittenCount];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), _count);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), Crc32C.Compute(bytes.AsSpan(0, 12)));
        _sections.WrittenSpan.CopyTo(bytes.AsSpan(HeaderLength));
        return bytes;
    }
}
