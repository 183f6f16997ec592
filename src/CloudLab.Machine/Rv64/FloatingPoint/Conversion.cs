using System.Numerics;

namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>
/// Conversions to and from integers and between formats. Out-of-range values saturate, NaN becomes the greatest integer;
/// both raise NV alone (RISC-V unprivileged ISA, "F" chapter, domains of float-to-integer conversions).
/// </summary>
internal static class Conversion<TFormat>
    where TFormat : struct, IBinaryFormat
{
    /// <summary>To a two's complement integer from −<paramref name="max"/> − 1 to <paramref name="max"/>.</summary>
    public static long ToSigned(ulong value, long max, RoundingMode rm, ref uint flags)
    {
        bool negative = Bits<TFormat>.IsNegative(value) && !Bits<TFormat>.IsNaN(value);
        ulong limit = (ulong)max + (negative ? 1UL : 0UL);
        if (!TryRound(value, rm, out ulong magnitude, out bool inexact) || magnitude > limit)
        {
            flags |= FloatFlags.NV;
            return negative ? -max - 1 : max;
        }

        if (inexact) flags |= FloatFlags.NX;
        return negative ? -(long)magnitude : (long)magnitude;
    }

    /// <summary>To an integer from 0 to <paramref name="max"/>. A negative value that rounds to zero is in range.</summary>
    public static ulong ToUnsigned(ulong value, ulong max, RoundingMode rm, ref uint flags)
    {
        bool negative = Bits<TFormat>.IsNegative(value) && !Bits<TFormat>.IsNaN(value);
        ulong limit = negative ? 0 : max;
        if (!TryRound(value, rm, out ulong magnitude, out bool inexact) || magnitude > limit)
        {
            flags |= FloatFlags.NV;
            return limit;
        }

        if (inexact) flags |= FloatFlags.NX;
        return magnitude;
    }

    /// <summary>From an integer given as sign and magnitude.</summary>
    public static ulong FromInteger(bool negative, ulong magnitude, RoundingMode rm, ref uint flags)
    {
        if (magnitude == 0) return 0;
        int leading = BitOperations.LeadingZeroCount(magnitude);
        ulong significand = magnitude << leading;
        var value = new Unpacked(negative, 63 - leading, (significand >> 1) | (significand & 1));
        return Rounding<TFormat>.Pack(value, rm, ref flags);
    }

    /// <summary>From a signed integer.</summary>
    public static ulong FromSigned(long value, RoundingMode rm, ref uint flags) =>
        FromInteger(value < 0, value < 0 ? 0 - (ulong)value : (ulong)value, rm, ref flags);

    /// <summary>To the format <typeparamref name="TTarget"/>.</summary>
    public static ulong To<TTarget>(ulong value, RoundingMode rm, ref uint flags)
        where TTarget : struct, IBinaryFormat
    {
        bool negative = Bits<TFormat>.IsNegative(value);
        if (!Bits<TFormat>.IsFinite(value))
        {
            if (!Bits<TFormat>.IsNaN(value)) return Bits<TTarget>.WithSign(negative, Bits<TTarget>.Infinity);
            Bits<TFormat>.QuietNaN(value, value, ref flags);
            return Bits<TTarget>.CanonicalNaN;
        }

        if (Bits<TFormat>.Magnitude(value) == 0) return Bits<TTarget>.WithSign(negative, 0);
        return Rounding<TTarget>.Pack(Bits<TFormat>.Unpack(value), rm, ref flags);
    }

    // Rounds to an integer; false when the magnitude has no room in 64 bits, or for NaN.
    private static bool TryRound(ulong value, RoundingMode rm, out ulong magnitude, out bool inexact)
    {
        magnitude = 0;
        inexact = false;
        if (Bits<TFormat>.Magnitude(value) == 0) return true;
        if (!Bits<TFormat>.IsFinite(value)) return false;

        Unpacked unpacked = Bits<TFormat>.Unpack(value);
        if (unpacked.Exponent > 63) return false;
        if (unpacked.Exponent >= Unpacked.LeadingBit)
        {
            magnitude = unpacked.Significand << (unpacked.Exponent - Unpacked.LeadingBit);
            return true;
        }

        // The fraction in units of 2^-64; below one quarter only that it is not zero matters.
        ulong fraction = 1;
        if (unpacked.Exponent >= -1)
        {
            int shift = Unpacked.LeadingBit - unpacked.Exponent;
            magnitude = unpacked.Significand >> shift;
            fraction = unpacked.Significand << (64 - shift);
        }

        const ulong half = 1UL << 63;
        inexact = fraction != 0;
        bool up = rm switch
        {
            RoundingMode.Rne => fraction > half || (fraction == half && (magnitude & 1) != 0),
            RoundingMode.Rtz => false,
            RoundingMode.Rdn => inexact && unpacked.Negative,
            RoundingMode.Rup => inexact && !unpacked.Negative,
            RoundingMode.Rmm => fraction >= half,
        };
        if (up) magnitude++;
        return true;
    }
}
