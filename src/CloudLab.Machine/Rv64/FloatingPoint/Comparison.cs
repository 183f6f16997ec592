namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>Comparisons, minimum, maximum and class, on encodings alone (IEEE 754-2019, clauses 5.6, 5.7.2, 5.11 and 9.6).</summary>
internal static class Comparison<TFormat>
    where TFormat : struct, IBinaryFormat
{
    /// <summary>Quiet: only a signaling NaN raises NV.</summary>
    public static bool Equal(ulong a, ulong b, ref uint flags)
    {
        if (!Bits<TFormat>.IsNaN(a) && !Bits<TFormat>.IsNaN(b)) return Bits<TFormat>.OrderKey(a) == Bits<TFormat>.OrderKey(b);
        Bits<TFormat>.QuietNaN(a, b, ref flags);
        return false;
    }

    /// <summary>Signaling: any NaN raises NV.</summary>
    public static bool Less(ulong a, ulong b, ref uint flags)
    {
        if (!Bits<TFormat>.IsNaN(a) && !Bits<TFormat>.IsNaN(b)) return Bits<TFormat>.OrderKey(a) < Bits<TFormat>.OrderKey(b);
        flags |= FloatFlags.NV;
        return false;
    }

    /// <summary>Signaling: any NaN raises NV.</summary>
    public static bool LessOrEqual(ulong a, ulong b, ref uint flags)
    {
        if (!Bits<TFormat>.IsNaN(a) && !Bits<TFormat>.IsNaN(b)) return Bits<TFormat>.OrderKey(a) <= Bits<TFormat>.OrderKey(b);
        flags |= FloatFlags.NV;
        return false;
    }

    /// <summary>minimumNumber: −0 is less than +0, a number beats a NaN, two NaNs give the canonical one.</summary>
    public static ulong Min(ulong a, ulong b, ref uint flags)
    {
        if (Bits<TFormat>.IsNaN(a) || Bits<TFormat>.IsNaN(b)) return NumberOf(a, b, ref flags);
        return IsBefore(a, b) ? a : b;
    }

    /// <summary>maximumNumber, likewise.</summary>
    public static ulong Max(ulong a, ulong b, ref uint flags)
    {
        if (Bits<TFormat>.IsNaN(a) || Bits<TFormat>.IsNaN(b)) return NumberOf(a, b, ref flags);
        return IsBefore(a, b) ? b : a;
    }

    /// <summary>
    /// FCLASS's mask, one bit set: 0 to 3 negative (∞, normal, subnormal, zero), 4 to 7 positive (zero, subnormal, normal, ∞),
    /// 8 signaling NaN, 9 quiet NaN.
    /// </summary>
    public static uint Classify(ulong value)
    {
        ulong magnitude = Bits<TFormat>.Magnitude(value);
        if (magnitude > Bits<TFormat>.Infinity) return Bits<TFormat>.IsSignalingNaN(value) ? 1U << 8 : 1U << 9;
        int distanceFromZero = magnitude == 0 ? 0
            : magnitude < Bits<TFormat>.MinNormal ? 1
            : magnitude < Bits<TFormat>.Infinity ? 2
            : 3;
        return 1U << (Bits<TFormat>.IsNegative(value) ? 3 - distanceFromZero : 4 + distanceFromZero);
    }

    private static bool IsBefore(ulong a, ulong b)
    {
        long aKey = Bits<TFormat>.OrderKey(a);
        long bKey = Bits<TFormat>.OrderKey(b);
        return aKey < bKey || (aKey == bKey && Bits<TFormat>.IsNegative(a));
    }

    private static ulong NumberOf(ulong a, ulong b, ref uint flags)
    {
        ulong canonical = Bits<TFormat>.QuietNaN(a, b, ref flags);
        if (!Bits<TFormat>.IsNaN(a)) return a;
        return Bits<TFormat>.IsNaN(b) ? canonical : b;
    }
}
