namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>
/// An IEEE 754 binary interchange format. The implementations are structs, so that the JIT makes one copy of the
/// arithmetic per format with these numbers as constants in it.
/// </summary>
internal interface IBinaryFormat
{
    /// <summary>Stored bits of the significand, without the implicit one.</summary>
    static abstract int FractionBits { get; }

    /// <summary>The exponent field's bias, which is also the greatest exponent of a finite value.</summary>
    static abstract int Bias { get; }
}

/// <summary>Single precision: 1 sign bit, 8 exponent bits, 23 fraction bits.</summary>
internal readonly struct Binary32 : IBinaryFormat
{
    public static int FractionBits => 23;

    public static int Bias => 127;
}

/// <summary>Double precision: 1 sign bit, 11 exponent bits, 52 fraction bits.</summary>
internal readonly struct Binary64 : IBinaryFormat
{
    public static int FractionBits => 52;

    public static int Bias => 1023;
}
