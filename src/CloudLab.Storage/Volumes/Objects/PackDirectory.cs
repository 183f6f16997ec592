using System.Buffers.Binary;
using CloudLab.Storage.Files;
using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Objects;

/// <summary>The header of a pack, version 1: which slots follow, by where they were first written. Integers are little-endian.</summary>
/// <remarks>
/// <code>
///   0  8   magic: 89 'C' 'L' 'P' 0D 0A 1A 0A
///   8  2   version: 1
///  12  4   N, how many slots: at most 2040
///  16  4   CRC-32C of the 16 bytes before and of everything from 24 to the end of the entries
///  24 16N  of each slot the place (sequence:36 | slot:16, as in the map) and the key, 8 bytes each, by place
///          zeroes up to a multiple of 4112
/// </code>
/// The slots follow as they were, trailers included.
/// </remarks>
internal sealed class PackDirectory
{
    /// <summary>What no directory exceeds.</summary>
    public const int MaxBytes = FixedBytes + (EntryBytes * VolumeGeometry.MaxObjectSlots);

    private const int FixedBytes = 24;
    private const int EntryBytes = 16;
    private const int ChecksumAt = 16;
    private const ushort Version = 1;
    private readonly ulong[] _places;

    private PackDirectory(ulong[] places, SlotKey[] keys) => (_places, Keys) = (places, keys);

    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'C', (byte)'L', (byte)'P', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>The keys of the slots.</summary>
    public IReadOnlyList<SlotKey> Keys { get; }

    public int Count => _places.Length;

    /// <summary>How many slots the directory itself fills.</summary>
    public int SlotsFilled => Filled(Count);

    /// <summary>Where the n-th slot was first written.</summary>
    public MapEntry PlaceOf(int n) => new(_places[n]);

    public static int Filled(int slots) => (FixedBytes + (EntryBytes * slots) + VolumeGeometry.SlotBytes - 1) / VolumeGeometry.SlotBytes;

    /// <summary>The number, in the pack, of the slot that was first written to a place; null if it is not here.</summary>
    public int? TryFind(ulong sequence, int slot)
    {
        var at = Array.BinarySearch(_places, new MapEntry(0, sequence, slot).Bits);
        return at < 0 ? null : SlotsFilled + at;
    }

    /// <summary>Writes a directory; <paramref name="target"/> has room for it and is zero.</summary>
    public static void Write(Span<byte> target, IReadOnlyList<(MapEntry Place, SlotKey Key)> slots)
    {
        Magic.CopyTo(target);
        BinaryPrimitives.WriteUInt16LittleEndian(target[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(target[12..], slots.Count);
        var rest = target[FixedBytes..];
        foreach (var (place, key) in slots)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest, place.Bits);
            BinaryPrimitives.WriteUInt64LittleEndian(rest[8..], key.Bits);
            rest = rest[EntryBytes..];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(target[ChecksumAt..], Checksum(target, slots.Count));
    }

    /// <summary>Reads a directory from a pack's first bytes; null where they are not one, whole and unchanged.</summary>
    public static PackDirectory? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < FixedBytes || !bytes.StartsWith(Magic) || BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]) != Version)
            return null;
        var count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        if (count > VolumeGeometry.MaxObjectSlots || bytes.Length < FixedBytes + (EntryBytes * (int)count)
            || Checksum(bytes, (int)count) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumAt..]))
            return null;
        var places = new ulong[count];
        var keys = new SlotKey[count];
        for (var i = 0; i < places.Length; i++)
        {
            var entry = bytes[(FixedBytes + (EntryBytes * i))..];
            places[i] = BinaryPrimitives.ReadUInt64LittleEndian(entry);
            keys[i] = new(BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]));
        }

        return new(places, keys);
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes, int count) =>
        Crc32C.Continue(Crc32C.Compute(bytes[..ChecksumAt]), bytes.Slice(FixedBytes, EntryBytes * count));
}
