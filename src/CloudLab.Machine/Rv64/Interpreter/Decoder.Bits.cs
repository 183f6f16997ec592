namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>The encodings of Zba, Zbb, Zbs and Zicond.</summary>
internal static unsafe partial class Decoder
{
    /// <summary>OP-IMM with funct3 1.</summary>
    private static DecodedKind BitsLeft(uint i, ref Op op) => (i >> 20) switch
    {
        0x600 => Pure(ref op, &Handlers.Clz, 0),
        0x601 => Pure(ref op, &Handlers.Ctz, 0),
        0x602 => Pure(ref op, &Handlers.Cpop, 0),
        0x604 => Pure(ref op, &Handlers.SextB, 0),
        0x605 => Pure(ref op, &Handlers.SextH, 0),
        _ => Pure(
            ref op,
            (i >> 26) switch { 0x0a => &Handlers.Bseti, 0x12 => &Handlers.Bclri, 0x1a => &Handlers.Binvi, _ => null },
            (int)(i >> 20 & 63)),
    };

    /// <summary>OP-IMM with funct3 5.</summary>
    private static DecodedKind BitsRight(uint i, ref Op op) => (i >> 20) switch
    {
        0x287 => Pure(ref op, &Handlers.OrcB, 0),
        0x6b8 => Pure(ref op, &Handlers.Rev8, 0),
        _ => Pure(
            ref op,
            (i >> 26) switch { 0x12 => &Handlers.Bexti, 0x18 => &Handlers.Rori, _ => null },
            (int)(i >> 20 & 63)),
    };

    /// <summary>OP-IMM-32.</summary>
    private static DecodedKind BitsWord(uint i, ref Op op) => (i >> 12 & 7, i >> 20) switch
    {
        (1, 0x600) => Pure(ref op, &Handlers.Clzw, 0),
        (1, 0x601) => Pure(ref op, &Handlers.Ctzw, 0),
        (1, 0x602) => Pure(ref op, &Handlers.Cpopw, 0),
        (1, _) when i >> 26 == 2 => Pure(ref op, &Handlers.SlliUw, (int)(i >> 20 & 63)),
        (5, _) when i >> 25 == 0x30 => Pure(ref op, &Handlers.Roriw, (int)(i >> 20 & 31)),
        _ => Illegal(ref op),
    };

    /// <summary>OP.</summary>
    private static delegate*<HartState*, Op*, void> Bits(uint i) => (i >> 25 << 3 | i >> 12 & 7) switch
    {
        0x20 << 3 | 4 => &Handlers.Xnor,
        0x20 << 3 | 6 => &Handlers.Orn,
        0x20 << 3 | 7 => &Handlers.Andn,
        0x05 << 3 | 4 => &Handlers.Min,
        0x05 << 3 | 5 => &Handlers.Minu,
        0x05 << 3 | 6 => &Handlers.Max,
        0x05 << 3 | 7 => &Handlers.Maxu,
        0x07 << 3 | 5 => &Handlers.CzeroEqz,
        0x07 << 3 | 7 => &Handlers.CzeroNez,
        0x10 << 3 | 2 => &Handlers.Sh1Add,
        0x10 << 3 | 4 => &Handlers.Sh2Add,
        0x10 << 3 | 6 => &Handlers.Sh3Add,
        0x14 << 3 | 1 => &Handlers.Bset,
        0x24 << 3 | 1 => &Handlers.Bclr,
        0x24 << 3 | 5 => &Handlers.Bext,
        0x30 << 3 | 1 => &Handlers.Rol,
        0x30 << 3 | 5 => &Handlers.Ror,
        0x34 << 3 | 1 => &Handlers.Binv,
        _ => null,
    };

    /// <summary>OP-32.</summary>
    private static delegate*<HartState*, Op*, void> BitsOfWords(uint i) => (i >> 25 << 3 | i >> 12 & 7) switch
    {
        0x04 << 3 | 0 => &Handlers.AddUw,
        0x04 << 3 | 4 when (i >> 20 & 31) == 0 => &Handlers.ZextH,
        0x10 << 3 | 2 => &Handlers.Sh1AddUw,
        0x10 << 3 | 4 => &Handlers.Sh2AddUw,
        0x10 << 3 | 6 => &Handlers.Sh3AddUw,
        0x30 << 3 | 1 => &Handlers.Rolw,
        0x30 << 3 | 5 => &Handlers.Rorw,
        _ => null,
    };
}
