namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>
/// Single-precision arithmetic on encodings, as the F extension defines it: NaN results are canonical, tininess is detected
/// after rounding, and exceptions are ORed into <c>flags</c> (<see cref="FloatFlags"/>).
/// </summary>
/// <remarks>
/// Pure functions, safe on any thread. Pass the accrued flags of the hart, not a fresh zero: NX already set opens the
/// fast path through the host's arithmetic (<see cref="HostArithmetic"/>), which changes neither result nor flags.
/// </remarks>
internal static class Float32
{
    public const uint CanonicalNaN = 0x7fc0_0000;
    public const uint SignBit = 0x8000_0000;

    /// <summary>Turns the sign, of NaNs too.</summary>
    public static uint Negate(uint a) => a ^ SignBit;

    // Sums below the normal range are exact, so that every finite one is safe.
    public static uint Add(uint a, uint b, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.IsUsable(rm, flags))
        {
            uint result = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(a) + BitConverter.UInt32BitsToSingle(b));
            if (Bits<Binary32>.IsFinite(result)) return result;
        }

        return (uint)Arithmetic<Binary32>.Add(a, b, rm, ref flags);
    }

    public static uint Sub(uint a, uint b, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.IsUsable(rm, flags))
        {
            uint result = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(a) - BitConverter.UInt32BitsToSingle(b));
            if (Bits<Binary32>.IsFinite(result)) return result;
        }

        return (uint)Arithmetic<Binary32>.Add(a, Negate(b), rm, ref flags);
    }

    public static uint Mul(uint a, uint b, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.IsUsable(rm, flags))
        {
            uint result = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(a) * BitConverter.UInt32BitsToSingle(b));
            if (Bits<Binary32>.IsSafelyNormal(result)) return result;
        }

        return (uint)Arithmetic<Binary32>.Multiply(a, b, rm, ref flags);
    }

    public static uint Div(uint a, uint b, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.IsUsable(rm, flags))
        {
            uint result = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(a) / BitConverter.UInt32BitsToSingle(b));
            if (Bits<Binary32>.IsSafelyNormal(result)) return result;
        }

        return (uint)Arithmetic<Binary32>.Divide(a, b, rm, ref flags);
    }

    public static uint Sqrt(uint a, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.IsUsable(rm, flags))
        {
            uint result = BitConverter.SingleToUInt32Bits(MathF.Sqrt(BitConverter.UInt32BitsToSingle(a)));
            if (Bits<Binary32>.IsSafelyNormal(result)) return result;
        }

        return (uint)Arithmetic<Binary32>.SquareRoot(a, rm, ref flags);
    }

    /// <summary>a × b + c with one rounding: FMADD.</summary>
    /// <remarks>
    /// The other three negate operands with <see cref="Negate"/>: FMSUB c, FNMSUB a, FNMADD a and c.
    /// </remarks>
    public static uint FusedMultiplyAdd(uint a, uint b, uint c, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.HasFusedMultiplyAdd && HostArithmetic.IsUsable(rm, flags))
        {
            float sum = MathF.FusedMultiplyAdd(
                BitConverter.UInt32BitsToSingle(a), BitConverter.UInt32BitsToSingle(b), BitConverter.UInt32BitsToSingle(c));
            uint result = BitConverter.SingleToUInt32Bits(sum);
            if (Bits<Binary32>.IsSafelyNormal(result)) return result;
        }

        return (uint)Arithmetic<Binary32>.FusedMultiplyAdd(a, b, c, rm, ref flags);
    }

    /// <inheritdoc cref="Comparison{TFormat}.Min"/>
    public static uint Min(uint a, uint b, ref uint flags) => (uint)Comparison<Binary32>.Min(a, b, ref flags);

    /// <inheritdoc cref="Comparison{TFormat}.Max"/>
    public static uint Max(uint a, uint b, ref uint flags) => (uint)Comparison<Binary32>.Max(a, b, ref flags);

    /// <inheritdoc cref="Comparison{TFormat}.Equal"/>
    public static bool Eq(uint a, uint b, ref uint flags) => Comparison<Binary32>.Equal(a, b, ref flags);

    /// <inheritdoc cref="Comparison{TFormat}.Less"/>
    public static bool Lt(uint a, uint b, ref uint flags) => Comparison<Binary32>.Less(a, b, ref flags);

    /// <inheritdoc cref="Comparison{TFormat}.LessOrEqual"/>
    public static bool Le(uint a, uint b, ref uint flags) => Comparison<Binary32>.LessOrEqual(a, b, ref flags);

    /// <inheritdoc cref="Comparison{TFormat}.Classify"/>
    public static uint Classify(uint a) => Comparison<Binary32>.Classify(a);

    public static int ToInt32(uint a, RoundingMode rm, ref uint flags) =>
        (int)Conversion<Binary32>.ToSigned(a, int.MaxValue, rm, ref flags);

    /// <remarks>FCVT.WU sign-extends this result to the register.</remarks>
    public static uint ToUInt32(uint a, RoundingMode rm, ref uint flags) =>
        (uint)Conversion<Binary32>.ToUnsigned(a, uint.MaxValue, rm, ref flags);

    public static long ToInt64(uint a, RoundingMode rm, ref uint flags) =>
        Conversion<Binary32>.ToSigned(a, long.MaxValue, rm, ref flags);

    public static ulong ToUInt64(uint a, RoundingMode rm, ref uint flags) =>
        Conversion<Binary32>.ToUnsigned(a, ulong.MaxValue, rm, ref flags);

    public static uint FromInt32(int value, RoundingMode rm, ref uint flags) =>
        (uint)Conversion<Binary32>.FromSigned(value, rm, ref flags);

    public static uint FromUInt32(uint value, RoundingMode rm, ref uint flags) =>
        (uint)Conversion<Binary32>.FromInteger(false, value, rm, ref flags);

    public static uint FromInt64(long value, RoundingMode rm, ref uint flags) =>
        (uint)Conversion<Binary32>.FromSigned(value, rm, ref flags);

    public static uint FromUInt64(ulong value, RoundingMode rm, ref uint flags) =>
        (uint)Conversion<Binary32>.FromInteger(false, value, rm, ref flags);

    public static uint FromFloat64(ulong value, RoundingMode rm, ref uint flags)
    {
        if (HostArithmetic.IsUsable(rm, flags))
        {
            uint result = BitConverter.SingleToUInt32Bits((float)BitConverter.UInt64BitsToDouble(value));
            if (Bits<Binary32>.IsSafelyNormal(result)) return result;
        }

        return (uint)Conversion<Binary64>.To<Binary32>(value, rm, ref flags);
    }
}
