using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>Reads what <see cref="RecordWriter"/> wrote; whatever does not fit throws <see cref="InvalidDataException"/>.</summary>
internal ref struct RecordReader
{
    private ReadOnlySpan<byte> _rest;

    public RecordReader(ReadOnlySpan<byte> key, ReadOnlySpan<byte> record, byte version)
    {
        if (record.Length < 1 + sizeof(uint))
            Refuse("is too short");
        var end = record.Length - sizeof(uint);
        if (BinaryPrimitives.ReadUInt32LittleEndian(record[end..]) != Crc32C.Continue(Crc32C.Compute(key), record[..end]))
            Refuse("does not match its checksum");
        if (record[0] != version)
            Refuse("has an unknown version");
        _rest = record[1..end];
    }

    public byte Byte() => Take(1)[0];

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    public long Int64() => (long)UInt64();

    public long Number()
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var b = Byte();
            if (shift > 63 || (shift == 63 && b > 1))
                Refuse("has a number of more than 64 bits");
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return (long)value;
        }
    }

    /// <summary>A number of things that each take at least a byte, so that it cannot exceed what is left.</summary>
    public int Count()
    {
        var count = Number();
        if (count < 0 || count > _rest.Length)
            Refuse("counts more than it has");
        return (int)count;
    }

    public ReadOnlySpan<byte> Bytes() => Take(Count());

    public string Text() => Encoding.UTF8.GetString(Bytes());

    public DateTimeOffset Time()
    {
        var milliseconds = Int64();
        if (milliseconds < 0 || milliseconds > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            Refuse("has an impossible time");
        return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }

    /// <summary>Refuses a record with anything left.</summary>
    public readonly void End()
    {
        if (!_rest.IsEmpty)
            Refuse("is too long");
    }

    [DoesNotReturn]
    private static void Refuse(string what) => throw new InvalidDataException($"A record of the object index {what}.");

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            Refuse("is cut");
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
