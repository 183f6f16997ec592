using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CloudLab.Storage.Files;

/// <summary>CRC-32C (Castagnoli, RFC 3720 appendix B.4): finds every error burst of up to 32 bits.</summary>
/// <remarks>
/// The processor's instruction takes three cycles but begins a new one every cycle, so three lanes run beside each other and are
/// joined afterwards. To join, the first lanes' checksums are shifted over the bytes that follow: multiplied by a power of x,
/// modulo the polynomial. (V. Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", Intel 2011.)
/// </remarks>
internal static class Crc32C
{
    private const int LongLane = 512; // words of 8 bytes
    private const int ShortLane = 32;

    private static readonly uint ShiftLong = Shift(LongLane);
    private static readonly uint ShiftTwoLong = Shift(2 * LongLane);
    private static readonly uint ShiftShort = Shift(ShortLane);
    private static readonly uint ShiftTwoShort = Shift(2 * ShortLane);

    public static uint Compute(ReadOnlySpan<byte> bytes) => Continue(0, bytes);

    /// <summary>The checksum of what <paramref name="crc"/> covers followed by <paramref name="bytes"/>.</summary>
    public static uint Continue(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        if (bytes.Length >= 3 * ShortLane * sizeof(ulong) && Sse42.X64.IsSupported && Pclmulqdq.IsSupported)
        {
            var words = MemoryMarshal.Cast<byte, ulong>(bytes);
            for (; words.Length >= 3 * LongLane; words = words[(3 * LongLane)..])
                crc = ThreeLanes(crc, words, LongLane, ShiftTwoLong, ShiftLong);
            for (; words.Length >= 3 * ShortLane; words = words[(3 * ShortLane)..])
                crc = ThreeLanes(crc, words, ShortLane, ShiftTwoShort, ShiftShort);
            bytes = bytes[^((words.Length * sizeof(ulong)) + (bytes.Length % sizeof(ulong)))..];
        }

        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    /// <summary>The checksum of what <paramref name="crc"/> covers followed by <paramref name="value"/>, little-endian.</summary>
    public static uint Continue(uint crc, ulong value) => ~BitOperations.Crc32C(~crc, value);

    private static uint ThreeLanes(uint crc, ReadOnlySpan<ulong> words, int lane, uint shiftTwo, uint shiftOne)
    {
        var first = words[..lane];
        var second = words.Slice(lane, lane);
        var third = words.Slice(2 * lane, lane);
        ulong a = crc, b = 0, c = 0;
        for (var i = 0; i < first.Length; i++)
        {
            a = Sse42.X64.Crc32(a, first[i]);
            b = Sse42.X64.Crc32(b, second[i]);
            c = Sse42.X64.Crc32(c, third[i]);
        }

        return Shifted((uint)a, shiftTwo) ^ Shifted((uint)b, shiftOne) ^ (uint)c;
    }

    /// <summary>The product has 64 bits; the instruction itself reduces them.</summary>
    private static uint Shifted(uint crc, uint power)
    {
        var product = Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar((ulong)crc), Vector128.CreateScalar((ulong)power), 0);
        return (uint)Sse42.X64.Crc32(0, product.ToScalar());
    }

    /// <summary>x^(64·words − 33) modulo the polynomial, reflected: the instruction multiplies by x^32, the reflected product by x.</summary>
    private static uint Shift(int words)
    {
        const uint Polynomial = 0x82F63B78;
        var power = 1u << 31;
        for (var i = 0; i < (64 * words) - 33; i++)
            power = (power & 1) != 0 ? (power >> 1) ^ Polynomial : power >> 1;
        return power;
    }
}
