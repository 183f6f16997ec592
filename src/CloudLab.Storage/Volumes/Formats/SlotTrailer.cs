using System.Buffers.Binary;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Volumes.Formats;

/// <summary>What follows the 4096 bytes of a slot, so that one ranged read verifies itself. Integers are little-endian.</summary>
/// <remarks>
/// <code>
///   0  8   key: level and index (<see cref="SlotKey"/>)
///   8  4   CRC-32C of the 4096 bytes, the key and the sequence of the object that the slot was first written to (8 bytes)
///  12  4   zero
/// </code>
/// The checksum of the bytes comes first, so that the one made when the guest wrote the block is carried on and never made anew: what
/// it covers has been covered all the way.
/// </remarks>
internal static class SlotTrailer
{
    public const int Bytes = 16;

    /// <summary>Writes the trailer of a slot whose bytes have the checksum <paramref name="content"/>.</summary>
    public static void Write(Span<byte> trailer, SlotKey key, ulong sequence, uint content)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(trailer, key.Bits);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[8..], Checksum(key, sequence, content));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[12..], 0);
    }

    /// <summary>Whether a slot is the whole and unchanged one that was written for the key and the sequence.</summary>
    public static bool Verifies(ReadOnlySpan<byte> slot, SlotKey key, ulong sequence)
    {
        var trailer = slot[VolumeGeometry.BlockBytes..];
        return BinaryPrimitives.ReadUInt64LittleEndian(trailer) == key.Bits
            && BinaryPrimitives.ReadUInt32LittleEndian(trailer[8..])
                == Checksum(key, sequence, Crc32C.Compute(slot[..VolumeGeometry.BlockBytes]));
    }

    private static uint Checksum(SlotKey key, ulong sequence, uint content) =>
        Crc32C.Continue(Crc32C.Continue(content, key.Bits), sequence);
}
