namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>The one place where results are rounded to a format (IEEE 754-2019, clauses 4.3 and 7).</summary>
internal static class Rounding<TFormat>
    where TFormat : struct, IBinaryFormat
{
    /// <summary>Rounds a value to the format and raises NX, UF and OF as that requires.</summary>
    public static ulong Pack(Unpacked value, RoundingMode rm, ref uint flags)
    {
        ulong significand = value.Significand;
        ulong increment = Increment(value.Negative, rm);
        int exponent = value.Exponent;
        bool tiny = false;

        if (exponent < 1 - TFormat.Bias)
        {
            // Tiny unless rounding with the full precision, as if exponents had no limit, carries into the least normal number.
            tiny = exponent < -TFormat.Bias || significand + increment < 1UL << 63;
            significand = Unpacked.ShiftRightSticky(significand, 1 - TFormat.Bias - exponent);
            exponent = 1 - TFormat.Bias;
        }
        else if (exponent >= TFormat.Bias && (exponent > TFormat.Bias || significand + increment >= 1UL << 63))
        {
            return Overflow(value.Negative, increment, ref flags);
        }

        ulong discarded = significand & ((1UL << Bits<TFormat>.GuardBits) - 1);
        ulong half = 1UL << (Bits<TFormat>.GuardBits - 1);
        significand = (significand + increment) >> Bits<TFormat>.GuardBits;
        if (discarded != 0) flags |= tiny ? FloatFlags.NX | FloatFlags.UF : FloatFlags.NX;
        if (rm == RoundingMode.Rne && discarded == half) significand &= ~1UL;

        // The significand's leading one adds 1 to the exponent field of a normal number and nothing to that of a
        // subnormal one; a carry out of the fraction likewise lands where it belongs.
        ulong field = (ulong)(exponent + TFormat.Bias - 1) << TFormat.FractionBits;
        return Bits<TFormat>.WithSign(value.Negative, field + significand);
    }

    /// <summary>An exact sum of zero, of operands with these signs.</summary>
    public static ulong ZeroSum(bool aNegative, bool bNegative, RoundingMode rm) =>
        Bits<TFormat>.WithSign(aNegative == bNegative ? aNegative : rm == RoundingMode.Rdn, 0);

    // What is added to the guard bits before they are cut off.
    private static ulong Increment(bool negative, RoundingMode rm)
    {
        ulong unit = 1UL << Bits<TFormat>.GuardBits;
        return rm switch
        {
            RoundingMode.Rne or RoundingMode.Rmm => unit >> 1,
            RoundingMode.Rtz => 0,
            RoundingMode.Rdn => negative ? unit - 1 : 0,
            RoundingMode.Rup => negative ? 0 : unit - 1,
        };
    }

    private static ulong Overflow(bool negative, ulong increment, ref uint flags)
    {
        flags |= FloatFlags.OF | FloatFlags.NX;
        return Bits<TFormat>.WithSign(negative, increment == 0 ? Bits<TFormat>.MaxFinite : Bits<TFormat>.Infinity);
    }
}
