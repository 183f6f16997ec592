using System.Numerics;

namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>A format's encodings and what can be read off them, right-aligned in 64 bits with zeros above.</summary>
internal static class Bits<TFormat>
    where TFormat : struct, IBinaryFormat
{
    public static ulong MinNormal => 1UL << TFormat.FractionBits;

    public static ulong Infinity => (ulong)((2 * TFormat.Bias) + 1) << TFormat.FractionBits;

    public static ulong MaxFinite => Infinity - 1;

    public static ulong Sign => Infinity + MinNormal;

    public static ulong QuietBit => MinNormal >> 1;

    /// <summary>The one NaN that arithmetic produces: positive, quiet, no payload.</summary>
    public static ulong CanonicalNaN => Infinity | QuietBit;

    /// <summary>Guard bits of an <see cref="Unpacked"/> value in this format.</summary>
    public static int GuardBits => Unpacked.LeadingBit - TFormat.FractionBits;

    public static ulong Magnitude(ulong value) => value & (Sign - 1);

    public static bool IsNegative(ulong value) => (value & Sign) != 0;

    public static bool IsNaN(ulong value) => Magnitude(value) > Infinity;

    public static bool IsSignalingNaN(ulong value) => IsNaN(value) && (value & QuietBit) == 0;

    /// <summary>Not zero, infinite, subnormal, the least normal number (which a tiny value may have been rounded to) or NaN.</summary>
    public static bool IsSafelyNormal(ulong value) => Magnitude(value) - (MinNormal + 1) < Infinity - (MinNormal + 1);

    public static bool IsFinite(ulong value) => Magnitude(value) < Infinity;

    public static ulong WithSign(bool negative, ulong magnitude) => negative ? magnitude | Sign : magnitude;

    /// <summary>Values as integers in the same order; both zeros are 0. Not for NaNs.</summary>
    public static long OrderKey(ulong value) => IsNegative(value) ? -(long)Magnitude(value) : (long)value;

    /// <summary>The result of an invalid operation.</summary>
    public static ulong Invalid(ref uint flags)
    {
        flags |= FloatFlags.NV;
        return CanonicalNaN;
    }

    /// <summary>The result of an operation with a NaN operand.</summary>
    public static ulong QuietNaN(ulong a, ulong b, ref uint flags)
    {
        if (IsSignalingNaN(a) || IsSignalingNaN(b)) flags |= FloatFlags.NV;
        return CanonicalNaN;
    }

    /// <summary>Takes a finite value, not zero, apart.</summary>
    public static Unpacked Unpack(ulong value)
    {
        ulong magnitude = Magnitude(value);
        ulong significand = magnitude << GuardBits;
        if (magnitude < MinNormal)
        {
            int shift = BitOperations.LeadingZeroCount(significand) - 1;
            return new Unpacked(IsNegative(value), 1 - TFormat.Bias - shift, significand << shift);
        }

        ulong fraction = significand & ((1UL << Unpacked.LeadingBit) - 1);
        int exponent = (int)(magnitude >> TFormat.FractionBits) - TFormat.Bias;
        return new Unpacked(IsNegative(value), exponent, fraction | (1UL << Unpacked.LeadingBit));
    }
}
