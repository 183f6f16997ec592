using System.Buffers.Binary;
using System.Text;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>Writes one record of the index: a version byte, fields, and a CRC-32C of key, version and fields.</summary>
/// <remarks>The key in the checksum keeps a record that stands under another key from passing. Integers are little-endian.</remarks>
internal sealed class RecordWriter
{
    private byte[] _bytes = new byte[256];
    private int _length;

    public RecordWriter(byte version) => Byte(version);

    public RecordWriter Byte(byte value)
    {
        Grow(1)[0] = value;
        return this;
    }

    public RecordWriter UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Grow(sizeof(ulong)), value);
        return this;
    }

    public RecordWriter Int64(long value) => UInt64((ulong)value);

    /// <summary>Seven bits a byte, lowest first, the high bit set on all but the last.</summary>
    public RecordWriter Number(long value)
    {
        var rest = (ulong)value;
        for (; rest >= 0x80; rest >>= 7)
            Byte((byte)(rest | 0x80));
        return Byte((byte)rest);
    }

    /// <summary>The length as <see cref="Number"/>, then the bytes.</summary>
    public RecordWriter Bytes(ReadOnlySpan<byte> value)
    {
        Number(value.Length);
        value.CopyTo(Grow(value.Length));
        return this;
    }

    /// <summary>UTF-8 as <see cref="Bytes"/>.</summary>
    public RecordWriter Text(string value)
    {
        var count = Encoding.UTF8.GetByteCount(value);
        Number(count);
        Encoding.UTF8.GetBytes(value, Grow(count));
        return this;
    }

    public RecordWriter Time(DateTimeOffset value) => Int64(value.ToUnixTimeMilliseconds());

    /// <summary>The record with its checksum.</summary>
    public byte[] Seal(ReadOnlySpan<byte> key)
    {
        var crc = Crc32C.Continue(Crc32C.Compute(key), _bytes.AsSpan(0, _length));
        BinaryPrimitives.WriteUInt32LittleEndian(Grow(sizeof(uint)), crc);
        return _bytes[.._length];
    }

    private Span<byte> Grow(int count)
    {
        if (_length + count > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _length + count));
        _length += count;
        return _bytes.AsSpan(_length - count, count);
    }
}
