using System.Buffers.Binary;
using System.Numerics;

namespace CloudLab.Storage.Files;

/// <summary>CRC-32C (Castagnoli, RFC 3720 appendix B.4): finds every error burst of up to 32 bits.</summary>
internal static class Crc32C
{
    public static uint Compute(ReadOnlySpan<byte> bytes) => Continue(0, bytes);

    /// <summary>The checksum of what <paramref name="crc"/> covers followed by <paramref name="bytes"/>.</summary>
    public static uint Continue(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    /// <summary>The checksum of what <paramref name="crc"/> covers followed by <paramref name="value"/>, little-endian.</summary>
    public static uint Continue(uint crc, ulong value) => ~BitOperations.Crc32C(~crc, value);
}
