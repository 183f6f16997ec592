namespace CloudLab.Machine.Rv64.FloatingPoint;

/// <summary>
/// Rounding modes in the encoding of <c>frm</c> and of an instruction's <c>rm</c> field (RISC-V unprivileged ISA, "F"
/// chapter, table of rounding mode encodings). 5 and 6 are reserved and 7 means <c>frm</c>: the caller resolves those.
/// </summary>
internal enum RoundingMode : byte
{
    /// <summary>To nearest, ties to even.</summary>
    Rne = 0,

    /// <summary>Towards zero.</summary>
    Rtz = 1,

    /// <summary>Down, towards −∞.</summary>
    Rdn = 2,

    /// <summary>Up, towards +∞.</summary>
    Rup = 3,

    /// <summary>To nearest, ties away from zero.</summary>
    Rmm = 4,
}
