using CloudLab.Machine.Rv64.FloatingPoint;
using CsCheck;

namespace CloudLab.Machine.Tests.FloatingPoint;

/// <summary>One evaluation: up to three operands, right-aligned encodings or integers, and the rounding mode.</summary>
internal readonly record struct OperandSet(ulong A, ulong B, ulong C, RoundingMode Mode)
{
    public override string ToString() => $"a={A:x16} b={B:x16} c={C:x16} {Mode}";
}

/// <summary>Generators that prefer the values at which floating-point implementations go wrong.</summary>
internal static class Operands
{
    private static readonly Gen<RoundingMode> Modes = Gen.Enum<RoundingMode>();

    /// <summary>Operands of the format; some related to each other, so that sums cancel and products meet the addend.</summary>
    public static Gen<OperandSet> Of(FloatFormat format)
    {
        Gen<ulong> value = Value(format);
        Gen<ulong> nudge = Gen.ULong[0, 3];
        ulong mask = format.Sign | (format.Sign - 1);
        Gen<OperandSet> unrelated = Gen.Select(value, value, value, Modes, (a, b, c, rm) => new OperandSet(a, b, c, rm));
        Gen<OperandSet> near = Gen.Select(unrelated, nudge, Gen.Int[0, 60], (set, ulps, shift) =>
        {
            ulong exponentStep = (ulong)shift << format.FractionBits;
            return set with { B = (set.A ^ format.Sign ^ ulps) & mask, C = (set.A + exponentStep + ulps) & mask };
        });
        Gen<OperandSet> cancelling = Gen.Select(unrelated, nudge,
            (set, ulps) => set with { C = ((RoughProduct(format, set) ^ format.Sign) + ulps) & mask });
        return Gen.Frequency((3, unrelated), (1, near), (1, cancelling));
    }

    /// <summary>Integers, in A, of all lengths, at the ends of their types and halfway between representable numbers.</summary>
    public static Gen<OperandSet> Integers { get; } =
        Gen.Select(
            Gen.Frequency(
                (1, Gen.OneOf<ulong>(
                    0, 1, 2, int.MaxValue, 1UL << 31, uint.MaxValue, 1UL << 32, long.MaxValue, 1UL << 63, ulong.MaxValue,
                    0xffff_ffff_8000_0000)),
                (2, Gen.Select(Gen.ULong, Gen.Int[0, 63], (bits, shift) => bits >> shift)),
                (2, Gen.Select(Gen.ULong[1, 0xff], Gen.Int[0, 56], Gen.ULong[0, 2], (bits, shift, nudge) => (bits << shift) + nudge - 1)),
                (2, Gen.Select(Gen.ULong, Gen.Int[20, 62], Gen.Int[0, 40],
                    (bits, zeros, shift) => ((((bits >> zeros) << 1) | 1) << Math.Min(zeros - 1, shift)) - (bits & 1)))),
            Gen.Bool,
            Modes,
            (value, negate, rm) => new OperandSet(negate ? 0 - value : value, 0, 0, rm));

    private static Gen<ulong> Value(FloatFormat format)
    {
        int fractionBits = format.FractionBits;
        ulong one = (ulong)format.MaxExponent << fractionBits;
        ulong minNormal = 1UL << fractionBits;
        ulong fractionMask = minNormal - 1;
        Gen<ulong> edges = Gen.OneOf<ulong>(
            0, 1, 2, minNormal >> 1, minNormal - 1, minNormal, minNormal + 1, one - 1, one, one + 1, one + (minNormal >> 1),
            one + minNormal, format.Infinity - 1, format.Infinity, format.CanonicalNaN, format.CanonicalNaN | 5,
            format.Infinity | 1, format.Infinity | (format.QuietBit - 1));
        Gen<ulong> anyFraction = Gen.Frequency(
            (1, Gen.OneOf<ulong>(0UL, 1, 2, minNormal >> 1, (minNormal >> 1) + 1, (minNormal >> 1) - 1, fractionMask - 1, fractionMask)),
            (1, Gen.ULong[0, fractionMask]),
            (1, Gen.Select(Gen.ULong[0, fractionMask], Gen.Int[0, fractionBits], (bits, zeros) => bits >> zeros << zeros)),
            (1, Gen.Select(Gen.ULong[0, fractionMask], Gen.Int[0, fractionBits],
                (bits, ones) => (bits | ((1UL << ones) - 1)) & fractionMask)));
        ulong maxField = (ulong)(2 * format.MaxExponent);
        Gen<ulong> anyField = Gen.Frequency(
            (3, Gen.ULong[(ulong)format.MaxExponent - 70, (ulong)format.MaxExponent + 70]),
            (1, Gen.ULong[0, 3]),
            (1, Gen.ULong[maxField - 3, maxField]),
            (1, Gen.ULong[((ulong)format.MaxExponent / 2) - 30, ((ulong)format.MaxExponent / 2) + 30]),
            (1, Gen.ULong[0, maxField]));
        Gen<ulong> numbers = Gen.Select(anyField, anyFraction, (field, fraction) => (field << fractionBits) | fraction);
        Gen<ulong> subnormals = Gen.Select(Gen.ULong[0, fractionMask], Gen.Int[0, fractionBits - 1], (bits, shift) => bits >> shift);
        Gen<ulong> magnitudes = Gen.Frequency((2, edges), (6, numbers), (1, subnormals), (1, Gen.ULong[0, format.Sign - 1]));
        return Gen.Select(magnitudes, Gen.Bool, (magnitude, negative) => negative ? magnitude | format.Sign : magnitude);
    }

    private static ulong RoughProduct(FloatFormat format, OperandSet set) =>
        format == FloatFormat.Single
            ? BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle((uint)set.A) * BitConverter.UInt32BitsToSingle((uint)set.B))
            : BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(set.A) * BitConverter.UInt64BitsToDouble(set.B));
}
