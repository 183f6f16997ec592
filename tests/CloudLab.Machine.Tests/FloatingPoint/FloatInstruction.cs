namespace CloudLab.Machine.Tests.FloatingPoint;

/// <summary>
/// Encodings of the instructions under test (RISC-V unprivileged ISA, instruction set listings), on fixed registers:
/// operands f0, f1, f2 or a0, result f3 or a0.
/// </summary>
internal static class FloatInstruction
{
    public const uint Dynamic = 7;
    private const uint IntegerRegister = 10;

    /// <param name="operation">funct5.</param>
    /// <param name="format">0 single, 1 double.</param>
    /// <param name="rs2">A fixed second register field, for operations of one operand.</param>
    public static uint OpFp(uint operation, uint format, uint rm, uint? rs2)
    {
        bool toInteger = operation is 20 or 24 or 28;
        bool fromInteger = operation is 26;
        return (operation << 27) | (format << 25) | ((rs2 ?? 1) << 20) | ((fromInteger ? IntegerRegister : 0) << 15) | (rm << 12)
            | ((toInteger ? IntegerRegister : 3) << 7) | 0x53;
    }

    public static uint Fused(uint opcode, uint format) =>
        (2 << 27) | (format << 25) | (1 << 20) | (0 << 15) | (Dynamic << 12) | (3 << 7) | opcode;
}
