using CsCheck;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>64-bit values with the weight on where arithmetic goes wrong.</summary>
internal static class EdgeValues
{
    public static readonly Gen<ulong> Any = Gen.Frequency(
        (3, Gen.OneOf<ulong>(
            0, 1, ulong.MaxValue, 2, int.MaxValue, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 0xffff_ffff_8000_0000,
            0xffff_ffff_7fff_ffff, long.MaxValue, 1UL << 63, 0x7ff, 0x800, 0xfff, 31, 32, 63, 64)),
        (3, Gen.Select(Gen.Int[0, 63], Gen.Long[-1, 1], Gen.Bool, (bit, add, negate) =>
        {
            ulong value = (1UL << bit) + (ulong)add;
            return negate ? 0 - value : value;
        })),
        (1, Gen.ULong),
        (1, Gen.Select(Gen.ULong, Gen.Int[0, 63], (value, shift) => value >> shift)));
}
