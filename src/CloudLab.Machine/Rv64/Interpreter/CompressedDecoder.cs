namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>Expands a 16-bit instruction to the 32-bit one it stands for (unprivileged specification, chapter 26, RV64C).</summary>
internal static class CompressedDecoder
{
    /// <summary>No instruction: all zeroes is defined illegal.</summary>
    public const uint Illegal = 0;

    /// <summary>The 32-bit equivalent of <paramref name="c"/>, or <see cref="Illegal"/> for a reserved encoding.</summary>
    public static uint Expand(uint c) => ((c & 3) << 3 | c >> 13) switch
    {
        0b00_000 => Addi4Spn(c),
        0b00_001 => Load(Rd1(c), Rs1(c), DoubleOffset(c), 3, 0x07),
        0b00_010 => Load(Rd1(c), Rs1(c), WordOffset(c), 2, 0x03),
        0b00_011 => Load(Rd1(c), Rs1(c), DoubleOffset(c), 3, 0x03),
        0b00_101 => Store(Rd1(c), Rs1(c), DoubleOffset(c), 3, 0x27),
        0b00_110 => Store(Rd1(c), Rs1(c), WordOffset(c), 2, 0x23),
        0b00_111 => Store(Rd1(c), Rs1(c), DoubleOffset(c), 3, 0x23),
        0b01_000 => Immediate(Full(c), Full(c), Signed6(c), 0, 0x13),
        0b01_001 => Full(c) == 0 ? Illegal : Immediate(Full(c), Full(c), Signed6(c), 0, 0x1b),
        0b01_010 => Immediate(Full(c), 0, Signed6(c), 0, 0x13),
        0b01_011 => Full(c) == 2 ? Addi16Sp(c) : Lui(c),
        0b01_100 => Arithmetic(c),
        0b01_101 => Jump(c),
        0b01_110 => Branch(c, 0),
        0b01_111 => Branch(c, 1),
        0b10_000 => Immediate(Full(c), Full(c), (int)Shift(c), 1, 0x13),
        0b10_001 => Load(Full(c), 2, DoubleStackLoad(c), 3, 0x07),
        0b10_010 => Full(c) == 0 ? Illegal : Load(Full(c), 2, WordStackLoad(c), 2, 0x03),
        0b10_011 => Full(c) == 0 ? Illegal : Load(Full(c), 2, DoubleStackLoad(c), 3, 0x03),
        0b10_100 => Register(c),
        0b10_101 => Store(Rs2(c), 2, DoubleStackStore(c), 3, 0x27),
        0b10_110 => Store(Rs2(c), 2, WordStackStore(c), 2, 0x23),
        0b10_111 => Store(Rs2(c), 2, DoubleStackStore(c), 3, 0x23),
        _ => Illegal,
    };

    private static uint Bits(uint c, int from, int count, int to) => (c >> from & ((1u << count) - 1)) << to;

    private static uint Full(uint c) => c >> 7 & 31;

    private static uint Rs2(uint c) => c >> 2 & 31;

    private static uint Rd1(uint c) => (c >> 2 & 7) + 8;

    private static uint Rs1(uint c) => (c >> 7 & 7) + 8;

    private static int Signed6(uint c) => (int)((Bits(c, 12, 1, 5) | Bits(c, 2, 5, 0)) << 26) >> 26;

    private static uint Shift(uint c) => Bits(c, 12, 1, 5) | Bits(c, 2, 5, 0);

    private static uint WordOffset(uint c) => Bits(c, 6, 1, 2) | Bits(c, 10, 3, 3) | Bits(c, 5, 1, 6);

    private static uint DoubleOffset(uint c) => Bits(c, 10, 3, 3) | Bits(c, 5, 2, 6);

    private static uint WordStackLoad(uint c) => Bits(c, 12, 1, 5) | Bits(c, 4, 3, 2) | Bits(c, 2, 2, 6);

    private static uint DoubleStackLoad(uint c) => Bits(c, 12, 1, 5) | Bits(c, 5, 2, 3) | Bits(c, 2, 3, 6);

    private static uint WordStackStore(uint c) => Bits(c, 9, 4, 2) | Bits(c, 7, 2, 6);

    private static uint DoubleStackStore(uint c) => Bits(c, 10, 3, 3) | Bits(c, 7, 3, 6);

    private static uint Immediate(uint rd, uint rs1, int immediate, uint function, uint opcode) =>
        (uint)immediate << 20 | rs1 << 15 | function << 12 | rd << 7 | opcode;

    private static uint Load(uint rd, uint rs1, uint offset, uint function, uint opcode) =>
        Immediate(rd, rs1, (int)offset, function, opcode);

    private static uint Store(uint rs2, uint rs1, uint offset, uint function, uint opcode) =>
        offset >> 5 << 25 | rs2 << 20 | rs1 << 15 | function << 12 | (offset & 31) << 7 | opcode;

    private static uint Addi4Spn(uint c)
    {
        uint immediate = Bits(c, 6, 1, 2) | Bits(c, 5, 1, 3) | Bits(c, 11, 2, 4) | Bits(c, 7, 4, 6);
        return immediate == 0 ? Illegal : Immediate(Rd1(c), 2, (int)immediate, 0, 0x13);
    }

    private static uint Addi16Sp(uint c)
    {
        uint immediate = Bits(c, 6, 1, 4) | Bits(c, 2, 1, 5) | Bits(c, 5, 1, 6) | Bits(c, 3, 2, 7) | Bits(c, 12, 1, 9);
        return immediate == 0 ? Illegal : Immediate(2, 2, (int)(immediate << 22) >> 22, 0, 0x13);
    }

    private static uint Lui(uint c)
    {
        int immediate = Signed6(c);
        return immediate == 0 ? Illegal : (uint)immediate << 12 | Full(c) << 7 | 0x37;
    }

    private static uint Arithmetic(uint c)
    {
        uint rd = Rs1(c), rs2 = Rd1(c);
        switch (c >> 10 & 3)
        {
            case 0: return Immediate(rd, rd, (int)Shift(c), 5, 0x13);
            case 1: return Immediate(rd, rd, (int)(Shift(c) | 0x400), 5, 0x13);
            case 2: return Immediate(rd, rd, Signed6(c), 7, 0x13);
        }

        return (c >> 10 & 4 | c >> 5 & 3) switch
        {
            0 => RegisterRegister(rd, rs2, 0x20, 0, 0x33),
            1 => RegisterRegister(rd, rs2, 0, 4, 0x33),
            2 => RegisterRegister(rd, rs2, 0, 6, 0x33),
            3 => RegisterRegister(rd, rs2, 0, 7, 0x33),
            4 => RegisterRegister(rd, rs2, 0x20, 0, 0x3b),
            5 => RegisterRegister(rd, rs2, 0, 0, 0x3b),
            _ => Illegal,
        };
    }

    private static uint RegisterRegister(uint rd, uint rs2, uint function7, uint function3, uint opcode) =>
        function7 << 25 | rs2 << 20 | rd << 15 | function3 << 12 | rd << 7 | opcode;

    private static uint Jump(uint c)
    {
        uint offset = Bits(c, 3, 3, 1) | Bits(c, 11, 1, 4) | Bits(c, 2, 1, 5) | Bits(c, 7, 1, 6) | Bits(c, 6, 1, 7)
            | Bits(c, 9, 2, 8) | Bits(c, 8, 1, 10) | Bits(c, 12, 1, 11);
        int signed = (int)(offset << 20) >> 20;
        uint o = (uint)signed;
        return (o >> 20 & 1) << 31 | (o >> 1 & 0x3ff) << 21 | (o >> 11 & 1) << 20 | (o >> 12 & 0xff) << 12 | 0x6f;
    }

    private static uint Branch(uint c, uint function)
    {
        uint offset = Bits(c, 3, 2, 1) | Bits(c, 10, 2, 3) | Bits(c, 2, 1, 5) | Bits(c, 5, 2, 6) | Bits(c, 12, 1, 8);
        uint o = (uint)((int)(offset << 23) >> 23);
        return (o >> 12 & 1) << 31 | (o >> 5 & 0x3f) << 25 | Rs1(c) << 15 | function << 12 | (o >> 1 & 15) << 8
            | (o >> 11 & 1) << 7 | 0x63;
    }

    private static uint Register(uint c)
    {
        uint rd = Full(c), rs2 = Rs2(c);
        if ((c >> 12 & 1) == 0)
        {
            if (rs2 != 0) return rs2 << 20 | rd << 7 | 0x33;
            return rd == 0 ? Illegal : rd << 15 | 0x67;
        }

        if (rs2 != 0) return rs2 << 20 | rd << 15 | rd << 7 | 0x33;
        return rd == 0 ? 0x0010_0073 : rd << 15 | 1 << 7 | 0x67;
    }
}
