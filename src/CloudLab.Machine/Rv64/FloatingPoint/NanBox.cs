namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>Single-precision values in 64-bit registers (RISC-V unprivileged ISA, "D" chapter, NaN boxing of narrower values).</summary>
internal static class NanBox
{
    private const ulong Upper = 0xffff_ffff_0000_0000;

    /// <summary>The register that holds <paramref name="value"/>: all ones above it.</summary>
    public static ulong Box(uint value) => Upper | value;

    /// <summary>The single-precision operand in <paramref name="register"/>; the canonical NaN when it is not a boxed one.</summary>
    /// <remarks>For arithmetic only: <c>FSW</c> and <c>FMV.X.W</c> take the low 32 bits whatever is above them.</remarks>
    public static uint Unbox(ulong register) => register >= Upper ? (uint)register : Float32.CanonicalNaN;
}
