namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>
/// The finite value, not zero, ±<see cref="Significand"/> × 2^(<see cref="Exponent"/> − 62). The significand's leading
/// one is bit 62 (<see cref="LeadingBit"/>): bit 63 takes a sum's carry, and bits below the format's precision are
/// guard bits of which bit 0 is sticky, that is, stands for every lower bit of the exact value.
/// </summary>
internal readonly record struct Unpacked(bool Negative, int Exponent, ulong Significand)
{
    public const int LeadingBit = 62;

    /// <summary>Shifts right; what falls out is kept as a one in bit 0. Any count from 0 up.</summary>
    public static ulong ShiftRightSticky(ulong value, int count)
    {
        if (count == 0) return value;
        if (count > LeadingBit) return value == 0 ? 0UL : 1UL;
        return (value >> count) | (value << (64 - count) == 0 ? 0UL : 1UL);
    }

    /// <summary>As <see cref="ShiftRightSticky(ulong, int)"/>, in 128 bits.</summary>
    public static UInt128 ShiftRightSticky(UInt128 value, int count)
    {
        if (count == 0) return value;
        if (count > 127) return value == UInt128.Zero ? UInt128.Zero : UInt128.One;
        return (value >> count) | (value << (128 - count) == UInt128.Zero ? UInt128.Zero : UInt128.One);
    }
}
