namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>
/// Double-precision arithmetic on encodings, as the D extension defines it: NaN results are canonical, tininess is detected
/// after rounding, and exceptions are ORed into <c>flags</c> (<see cref="FloatFlags"/>).
/// </summary>
/// <remarks>
/// Pure functions, safe on any thread. Pass the accrued flags of the hart, not a fresh zero: NX already set opens the
/// fast path through the host's arithmetic (<see cref="HostArithmetic"/>), which changes neither result nor flags.
/// </remarks>
internal static class Float64
{
    public const ulong CanonicalNaN = 0x7ff8_0000_0000_0000;
    public const ulong SignBit = 0x8000_0000_0000_0000;

    /// <summary>Turns the sign, of NaNs too.</summary>
    public static ulong Negate(ulong a) => a ^ SignBit;

    // Sums below the normal range are exact, so that every finite one is safe.
    public static ulong Add(ulong a, ulong b, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.IsUsable(rm, flags))
        {
            ulong result = BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(a) + BitConverter.UInt64BitsToDouble(b));
            if (Bits<Binary64>.IsFinite(result)) return result;
        }

        return Arithmetic<Binary64>.Add(a, b, rm, ref flags);
    }

    public static ulong Sub(ulong a, ulong b, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.IsUsable(rm, flags))
        {
            ulong result = BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(a) - BitConverter.UInt64BitsToDouble(b));
            if (Bits<Binary64>.IsFinite(result)) return result;
        }

        return Arithmetic<Binary64>.Add(a, Negate(b), rm, ref flags);
    }

    public static ulong Mul(ulong a, ulong b, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.IsUsable(rm, flags))
        {
            ulong result = BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(a) * BitConverter.UInt64BitsToDouble(b));
            if (Bits<Binary64>.IsSafelyNormal(result)) return result;
        }

        return Arithmetic<Binary64>.Multiply(a, b, rm, ref flags);
    }

    public static ulong Div(ulong a, ulong b, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.IsUsable(rm, flags))
        {
            ulong result = BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(a) / BitConverter.UInt64BitsToDouble(b));
            if (Bits<Binary64>.IsSafelyNormal(result)) return result;
        }

        return Arithmetic<Binary64>.Divide(a, b, rm, ref flags);
    }

    public static ulong Sqrt(ulong a, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.IsUsable(rm, flags))
        {
            ulong result = BitConverter.DoubleToUInt64Bits(Math.Sqrt(BitConverter.UInt64BitsToDouble(a)));
            if (Bits<Binary64>.IsSafelyNormal(result)) return result;
        }

        return Arithmetic<Binary64>.SquareRoot(a, rm, ref flags);
    }

    /// <summary>a × b + c with one rounding: FMADD.</summary>
    /// <remarks>
    /// The other three negate operands with <see cref="Negate"/>: FMSUB c, FNMSUB a, FNMADD a and c.
    /// </remarks>
    public static ulong FusedMultiplyAdd(ulong a, ulong b, ulong c, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.HasFusedMultiplyAdd && HostArithmetic.IsUsable(rm, flags))
        {
            double sum = Math.FusedMultiplyAdd(
                BitConverter.UInt64BitsToDouble(a), BitConverter.UInt64BitsToDouble(b), BitConverter.UInt64BitsToDouble(c));
            ulong result = BitConverter.DoubleToUInt64Bits(sum);
            if (Bits<Binary64>.IsSafelyNormal(result)) return result;
        }

        return Arithmetic<Binary64>.FusedMultiplyAdd(a, b, c, rm, ref flags);
    }

    /// <inheritdoc cref="Comparison{TFormat}.Min"/>
    public static ulong Min(ulong a, ulong b, ref uint flags) => Comparison<Binary64>.Min(a, b, ref flags);

    /// <inheritdoc cref="Comparison{TFormat}.Max"/>
    public static ulong Max(ulong a, ulong b, ref uint flags) => Comparison<Binary64>.Max(a, b, ref flags);

    /// <inheritdoc cref="Comparison{TFormat}.Equal"/>
    public static bool Eq(ulong a, ulong b, ref uint flags) => Comparison<Binary64>.Equal(a, b, ref flags);

    /// <inheritdoc cref="Comparison{TFormat}.Less"/>
    public static bool Lt(ulong a, ulong b, ref uint flags) => Comparison<Binary64>.Less(a, b, ref flags);

    /// <inheritdoc cref="Comparison{TFormat}.LessOrEqual"/>
    public static bool Le(ulong a, ulong b, ref uint flags) => Comparison<Binary64>.LessOrEqual(a, b, ref flags);

    /// <inheritdoc cref="Comparison{TFormat}.Classify"/>
    public static uint Classify(ulong a) => Comparison<Binary64>.Classify(a);

    public static int ToInt32(ulong a, RoundingMode rm, ref uint flags) =>
        (int)Conversion<Binary64>.ToSigned(a, int.MaxValue, rm, ref flags);

    /// <remarks>FCVT.WU sign-extends this result to the register.</remarks>
    public static uint ToUInt32(ulong a, RoundingMode rm, ref uint flags) =>
        (uint)Conversion<Binary64>.ToUnsigned(a, uint.MaxValue, rm, ref flags);

    public static long ToInt64(ulong a, RoundingMode rm, ref uint flags) =>
        Conversion<Binary64>.ToSigned(a, long.MaxValue, rm, ref flags);

    public static ulong ToUInt64(ulong a, RoundingMode rm, ref uint flags) =>
        Conversion<Binary64>.ToUnsigned(a, ulong.MaxValue, rm, ref flags);

    /// <summary>Exact: needs no rounding and raises nothing.</summary>
    public static ulong FromInt32(int value) => BitConverter.DoubleToUInt64Bits(value);

    /// <summary>Exact: needs no rounding and raises nothing.</summary>
    public static ulong FromUInt32(uint value) => BitConverter.DoubleToUInt64Bits((long)value);

    public static ulong FromInt64(long value, RoundingMode rm, ref uint flags) =>
        HostArithmetic.IsUsable(rm, flags)
            ? BitConverter.DoubleToUInt64Bits(value)
            : Conversion<Binary64>.FromSigned(value, rm, ref flags);

    public static ulong FromUInt64(ulong value, RoundingMode rm, ref uint flags) =>
        Conversion<Binary64>.FromInteger(false, value, rm, ref flags);

    /// <summary>Exact: only a signaling NaN raises NV.</summary>
    public static ulong FromFloat32(uint value, ref uint flags)
    {
        float single = BitConverter.UInt32BitsToSingle(value);
        if (!float.IsNaN(single)) return BitConverter.DoubleToUInt64Bits(single);
        Bits<Binary32>.QuietNaN(value, value, ref flags);
        return CanonicalNaN;
    }
}
