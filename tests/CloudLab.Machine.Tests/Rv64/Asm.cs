namespace CloudLab.Machine.Tests.Rv64;

/// <summary>
/// Encodes instructions by their assembler names (unprivileged specification, "Instruction Set Listings"). Immediates are
/// in bytes as the assembler writes them; offsets of branches and jumps are relative to the instruction.
/// </summary>
internal static class Asm
{
    public const uint Zero = 0, Ra = 1, Sp = 2, Gp = 3, T0 = 5, T1 = 6, T2 = 7, S0 = 8, S1 = 9, A0 = 10, A1 = 11, A2 = 12, A3 = 13,
        A4 = 14, A5 = 15, A6 = 16, A7 = 17, S2 = 18, S3 = 19, S4 = 20, T3 = 28, T4 = 29, T5 = 30, T6 = 31;

    public const uint Ecall = 0x0000_0073, Ebreak = 0x0010_0073, Sret = 0x1020_0073, Mret = 0x3020_0073, Wfi = 0x1050_0073,
        FenceI = 0x0000_100f, Nop = 0x0000_0013;

    public static uint R(uint function7, uint function3, uint opcode, uint rd, uint rs1, uint rs2) =>
        function7 << 25 | rs2 << 20 | rs1 << 15 | function3 << 12 | rd << 7 | opcode;

    public static uint I(uint function3, uint opcode, uint rd, uint rs1, int immediate) =>
        (uint)immediate << 20 | rs1 << 15 | function3 << 12 | rd << 7 | opcode;

    public static uint S(uint function3, uint opcode, uint rs2, uint rs1, int immediate) =>
        (uint)(immediate >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | function3 << 12 | (uint)(immediate & 31) << 7 | opcode;

    public static uint B(uint function3, uint rs1, uint rs2, int offset) =>
        (uint)(offset >> 12 & 1) << 31 | (uint)(offset >> 5 & 63) << 25 | rs2 << 20 | rs1 << 15 | function3 << 12
        | (uint)(offset >> 1 & 15) << 8 | (uint)(offset >> 11 & 1) << 7 | 0x63;

    public static uint Jal(uint rd, int offset) =>
        (uint)(offset >> 20 & 1) << 31 | (uint)(offset >> 1 & 0x3ff) << 21 | (uint)(offset >> 11 & 1) << 20
        | (uint)(offset >> 12 & 0xff) << 12 | rd << 7 | 0x6f;

    public static uint Jump(int offset) => Jal(Zero, offset);

    public static uint Jalr(uint rd, uint rs1, int offset) => I(0, 0x67, rd, rs1, offset);

    public static uint Beq(uint rs1, uint rs2, int offset) => B(0, rs1, rs2, offset);

    public static uint Bne(uint rs1, uint rs2, int offset) => B(1, rs1, rs2, offset);

    public static uint Bltu(uint rs1, uint rs2, int offset) => B(6, rs1, rs2, offset);

    public static uint Lui(uint rd, uint value) => (value & 0xffff_f000) | rd << 7 | 0x37;

    public static uint Auipc(uint rd, uint value) => (value & 0xffff_f000) | rd << 7 | 0x17;

    public static uint Addi(uint rd, uint rs1, int immediate) => I(0, 0x13, rd, rs1, immediate);

    public static uint Slli(uint rd, uint rs1, int shift) => I(1, 0x13, rd, rs1, shift);

    public static uint Add(uint rd, uint rs1, uint rs2) => R(0, 0, 0x33, rd, rs1, rs2);

    public static uint Li(uint rd, int value) => Addi(rd, Zero, value);

    public static uint Lb(uint rd, uint rs1, int offset) => I(0, 0x03, rd, rs1, offset);

    public static uint Lw(uint rd, uint rs1, int offset) => I(2, 0x03, rd, rs1, offset);

    public static uint Ld(uint rd, uint rs1, int offset) => I(3, 0x03, rd, rs1, offset);

    public static uint Lbu(uint rd, uint rs1, int offset) => I(4, 0x03, rd, rs1, offset);

    public static uint Sb(uint rs2, uint rs1, int offset) => S(0, 0x23, rs2, rs1, offset);

    public static uint Sh(uint rs2, uint rs1, int offset) => S(1, 0x23, rs2, rs1, offset);

    public static uint Sw(uint rs2, uint rs1, int offset) => S(2, 0x23, rs2, rs1, offset);

    public static uint Sd(uint rs2, uint rs1, int offset) => S(3, 0x23, rs2, rs1, offset);

    public static uint Flw(uint rd, uint rs1, int offset) => I(2, 0x07, rd, rs1, offset);

    public static uint Fld(uint rd, uint rs1, int offset) => I(3, 0x07, rd, rs1, offset);

    public static uint Fsw(uint rs2, uint rs1, int offset) => S(2, 0x27, rs2, rs1, offset);

    public static uint Fsd(uint rs2, uint rs1, int offset) => S(3, 0x27, rs2, rs1, offset);

    /// <param name="function">funct5, e.g. 2 for LR, 3 for SC, 0 for AMOADD.</param>
    /// <param name="width">2 for words, 3 for doublewords.</param>
    public static uint Amo(uint function, uint width, uint rd, uint rs1, uint rs2) => R(function << 2, width, 0x2f, rd, rs1, rs2);

    public static uint Csrrw(uint rd, uint csr, uint rs1) => csr << 20 | rs1 << 15 | 1 << 12 | rd << 7 | 0x73;

    public static uint Csrrs(uint rd, uint csr, uint rs1) => csr << 20 | rs1 << 15 | 2 << 12 | rd << 7 | 0x73;

    public static uint Csrrc(uint rd, uint csr, uint rs1) => csr << 20 | rs1 << 15 | 3 << 12 | rd << 7 | 0x73;

    public static uint Csrrwi(uint rd, uint csr, uint value) => csr << 20 | value << 15 | 5 << 12 | rd << 7 | 0x73;

    public static uint Csrrsi(uint rd, uint csr, uint value) => csr << 20 | value << 15 | 6 << 12 | rd << 7 | 0x73;

    public static uint Csrrci(uint rd, uint csr, uint value) => csr << 20 | value << 15 | 7 << 12 | rd << 7 | 0x73;

    public static uint Csrr(uint rd, uint csr) => Csrrs(rd, csr, Zero);

    public static uint Csrw(uint csr, uint rs1) => Csrrw(Zero, csr, rs1);

    public static uint SfenceVma(uint rs1, uint rs2) => R(9, 0, 0x73, 0, rs1, rs2);

    /// <summary>Instructions as the bytes they are in memory, each 4 bytes.</summary>
    public static byte[] Bytes(params ReadOnlySpan<uint> code)
    {
        byte[] bytes = new byte[code.Length * 4];
        Buffer.BlockCopy(code.ToArray(), 0, bytes, 0, bytes.Length);
        return bytes;
    }

    /// <summary>Loads any 64-bit value, in 8 instructions.</summary>
    public static uint[] LoadAddress(uint rd, ulong value)
    {
        var code = new List<uint> { Addi(rd, Zero, 0) };
        for (int shift = 55; shift >= 0; shift -= 11)
        {
            code.Add(Slli(rd, rd, 11));
            code.Add(I(6, 0x13, rd, rd, (int)(value >> shift & 0x7ff)));
        }

        return [.. code];
    }
}
