using System.Buffers.Binary;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Volumes.Formats;

/// <summary>The bytes of an object's header, version 1. Integers are little-endian.</summary>
/// <remarks>
/// <code>
///   0  8   magic: 89 'C' 'L' 'V' 0D 0A 1A 0A
///   8  2   version: 1
///  10  2   marks (<see cref="ObjectMarks"/>)
///  12  4   T, how many trims: at most 2048
///  16  2   S, how many slots: at most 2040
///  18  2   number of the first slot: what the header fills
///  20  4   CRC-32C of everything before and of everything from 24 to the end of the slots' keys
///  24  8   sequence
///  32  8   epoch
///  40 16   writer
///  56 16   log
///  72  8   log position
///  80  8   sequence of the newest checkpoint
///  88  8   root (<see cref="MapEntry"/>)
///  96  8   size of the volume in bytes
/// 104  8   time, 100 ns ticks since 0001-01-01 UTC
/// 112 16T  trims: first block and count, 8 bytes each
///      8S  keys of the slots (<see cref="SlotKey"/>)
///          zeroes up to a multiple of 4112
/// </code>
/// The slots follow, 4112 bytes each. The header comes first so that one read of an object's beginning tells whose it is, and fills
/// whole slots so that a slot's number alone says where it is.
/// </remarks>
internal static class ObjectHeaderFormat
{
    /// <summary>What no header exceeds.</summary>
    public const int MaxBytes = FixedBytes + (TrimBytes * VolumeGeometry.MaxObjectTrims) + (KeyBytes * VolumeGeometry.MaxObjectSlots);

    private const int FixedBytes = 112;
    private const int TrimBytes = 16;
    private const int KeyBytes = 8;
    private const int ChecksumAt = 20;
    private const ushort Version = 1;

    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'C', (byte)'L', (byte)'V', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>How many slots the header itself fills: the number of the first slot after it.</summary>
    public static int SlotsFilled(int trims, int slots) =>
        (Length(trims, slots) + VolumeGeometry.SlotBytes - 1) / VolumeGeometry.SlotBytes;

    /// <summary>Writes the header; <paramref name="target"/> has room for it and is zero.</summary>
    public static void Write(Span<byte> target, ObjectHeader header)
    {
        Magic.CopyTo(target);
        BinaryPrimitives.WriteUInt16LittleEndian(target[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(target[10..], (ushort)header.Marks);
        BinaryPrimitives.WriteInt32LittleEndian(target[12..], header.Trims.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(target[16..], (ushort)header.Slots.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(target[18..], (ushort)header.FirstSlot);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], header.Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], header.Epoch);
        header.Writer.TryWriteBytes(target[40..]);
        header.LogId.TryWriteBytes(target[56..]);
        BinaryPrimitives.WriteUInt64LittleEndian(target[72..], header.LogPosition);
        BinaryPrimitives.WriteUInt64LittleEndian(target[80..], header.Checkpoint);
        BinaryPrimitives.WriteUInt64LittleEndian(target[88..], header.Root.Bits);
        BinaryPrimitives.WriteUInt64LittleEndian(target[96..], header.Size);
        BinaryPrimitives.WriteInt64LittleEndian(target[104..], header.Time.UtcTicks);
        var rest = target[FixedBytes..];
        foreach (var trim in header.Trims)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest, trim.First);
            BinaryPrimitives.WriteUInt64LittleEndian(rest[8..], trim.Count);
            rest = rest[TrimBytes..];
        }

        foreach (var key in header.Slots)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest, key.Bits);
            rest = rest[KeyBytes..];
        }

        var checksum = Checksum(target[..Length(header.Trims.Count, header.Slots.Count)]);
        BinaryPrimitives.WriteUInt32LittleEndian(target[ChecksumAt..], checksum);
    }

    /// <summary>Reads a header from an object's first bytes; null where they are not one, whole and unchanged.</summary>
    public static ObjectHeader? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < FixedBytes || !bytes.StartsWith(Magic) || BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]) != Version)
            return null;
        var trims = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        var slots = BinaryPrimitives.ReadUInt16LittleEndian(bytes[16..]);
        if (trims > VolumeGeometry.MaxObjectTrims || slots > VolumeGeometry.MaxObjectSlots)
            return null;
        var length = Length((int)trims, slots);
        var ticks = BinaryPrimitives.ReadInt64LittleEndian(bytes[104..]);
        if (ticks < 0 || ticks > DateTimeOffset.MaxValue.Ticks
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[96..]) > VolumeGeometry.MaxBytes
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]) is 0 or > MapEntry.MaxSequence
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[80..]) > BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]))
            return null;
        if (bytes.Length < length || Checksum(bytes[..length]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumAt..]))
            return null;

        var rest = bytes[FixedBytes..];
        var trimmed = new BlockRange[trims];
        foreach (ref var trim in trimmed.AsSpan())
        {
            trim = new(BinaryPrimitives.ReadUInt64LittleEndian(rest), BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]));
            if (trim.First > VolumeGeometry.MaxBlocks || trim.Count > VolumeGeometry.MaxBlocks - trim.First)
                return null;
            rest = rest[TrimBytes..];
        }

        var keys = new SlotKey[slots];
        foreach (ref var key in keys.AsSpan())
        {
            key = new(BinaryPrimitives.ReadUInt64LittleEndian(rest));
            if (key.Level > VolumeGeometry.Levels || key.Index >= VolumeGeometry.MaxBlocks)
                return null;
            rest = rest[KeyBytes..];
        }

        return new ObjectHeader
        {
            Sequence = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            Marks = (ObjectMarks)BinaryPrimitives.ReadUInt16LittleEndian(bytes[10..]),
            Epoch = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]),
            Writer = new Guid(bytes.Slice(40, 16)),
            LogId = new Guid(bytes.Slice(56, 16)),
            LogPosition = BinaryPrimitives.ReadUInt64LittleEndian(bytes[72..]),
            Checkpoint = BinaryPrimitives.ReadUInt64LittleEndian(bytes[80..]),
            Root = new(BinaryPrimitives.ReadUInt64LittleEndian(bytes[88..])),
            Size = BinaryPrimitives.ReadUInt64LittleEndian(bytes[96..]),
            Time = new DateTimeOffset(ticks, TimeSpan.Zero),
            FirstSlot = BinaryPrimitives.ReadUInt16LittleEndian(bytes[18..]),
            Trims = trimmed,
            Slots = keys,
        };
    }

    private static int Length(int trims, int slots) => FixedBytes + (TrimBytes * trims) + (KeyBytes * slots);

    private static uint Checksum(ReadOnlySpan<byte> header) =>
        Crc32C.Continue(Crc32C.Compute(header[..ChecksumAt]), header[(ChecksumAt + sizeof(uint))..]);
}
