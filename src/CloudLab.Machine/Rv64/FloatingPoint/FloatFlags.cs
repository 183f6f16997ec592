namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>Accrued exceptions in the bit order of <c>fflags</c> (RISC-V unprivileged ISA, "F" chapter).</summary>
internal static class FloatFlags
{
    /// <summary>Inexact.</summary>
    public const uint NX = 1;

    /// <summary>Underflow: inexact and tiny, tininess detected after rounding.</summary>
    public const uint UF = 2;

    /// <summary>Overflow.</summary>
    public const uint OF = 4;

    /// <summary>Divide by zero.</summary>
    public const uint DZ = 8;

    /// <summary>Invalid operation.</summary>
    public const uint NV = 16;
}
