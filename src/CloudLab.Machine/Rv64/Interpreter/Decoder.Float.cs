namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>The F and D extensions' encodings. The rounding mode goes to the immediate's low three bits, rs3 above it.</summary>
internal static unsafe partial class Decoder
{
    private static DecodedKind Float(ref Op op, delegate*<HartState*, Op*, void> handler, int immediate)
    {
        if (handler is null) return Illegal(ref op);
        op.Handler = handler;
        op.Immediate = immediate;
        return DecodedKind.Straight;
    }

    private static DecodedKind LoadFloat(uint i, ref Op op)
    {
        op.Rs2 = (byte)(i >> 12 & 7 | Op.FloatAccess);
        return Float(ref op, (i >> 12 & 7) switch { 2 => &Handlers.Flw, 3 => &Handlers.Fld, _ => null }, (int)i >> 20);
    }

    private static DecodedKind StoreFloat(uint i, ref Op op)
    {
        op.Rd = (byte)(i >> 12 & 7 | Op.FloatAccess);
        return Float(ref op, (i >> 12 & 7) switch { 2 => &Handlers.Fsw, 3 => &Handlers.Fsd, _ => null }, StoreImmediate(i));
    }

    private static DecodedKind FusedFloat(uint i, ref Op op)
    {
        delegate*<HartState*, Op*, void> handler = (i >> 2 & 3, i >> 25 & 3) switch
        {
            (0, 0) => &Handlers.FmaddS,
            (1, 0) => &Handlers.FmsubS,
            (2, 0) => &Handlers.FnmsubS,
            (3, 0) => &Handlers.FnmaddS,
            (0, 1) => &Handlers.FmaddD,
            (1, 1) => &Handlers.FmsubD,
            (2, 1) => &Handlers.FnmsubD,
            (3, 1) => &Handlers.FnmaddD,
            _ => null,
        };
        return ReservedRounding(i) ? Illegal(ref op) : Float(ref op, handler, (int)(i >> 27 << 3 | i >> 12 & 7));
    }

    /// <summary>Rounding modes 5 and 6 are reserved; 7 means frm, which is looked at when the instruction executes.</summary>
    private static bool ReservedRounding(uint i) => (i >> 12 & 7) is 5 or 6;

    private static DecodedKind ComputeFloat(uint i, ref Op op)
    {
        delegate*<HartState*, Op*, void> rounded = Rounded(i >> 25, op.Rs2);
        if (rounded is not null)
            return FloatOrInteger(ref op, i >> 25, ReservedRounding(i) ? null : rounded, (int)(i >> 12 & 7));
        return FloatOrInteger(ref op, i >> 25, Exact(i >> 25, i >> 12 & 7, op.Rs2), 0);
    }

    /// <summary>Comparisons, conversions to integers, classification and moves to x write an integer register.</summary>
    private static DecodedKind FloatOrInteger(ref Op op, uint function, delegate*<HartState*, Op*, void> handler, int immediate)
    {
        if ((function >> 2) is 0x14 or 0x18 or 0x1c && op.Rd == 0) op.Rd = HartState.Sink;
        return Float(ref op, handler, immediate);
    }

    private static delegate*<HartState*, Op*, void> Rounded(uint function, uint rs2) => (function, rs2) switch
    {
        (0x00, _) => &Handlers.FaddS,
        (0x01, _) => &Handlers.FaddD,
        (0x04, _) => &Handlers.FsubS,
        (0x05, _) => &Handlers.FsubD,
        (0x08, _) => &Handlers.FmulS,
        (0x09, _) => &Handlers.FmulD,
        (0x0c, _) => &Handlers.FdivS,
        (0x0d, _) => &Handlers.FdivD,
        (0x2c, 0) => &Handlers.FsqrtS,
        (0x2d, 0) => &Handlers.FsqrtD,
        (0x20, 1) => &Handlers.FcvtSD,
        (0x21, 0) => &Handlers.FcvtDS,
        (0x60, 0) => &Handlers.FcvtWS,
        (0x60, 1) => &Handlers.FcvtWuS,
        (0x60, 2) => &Handlers.FcvtLS,
        (0x60, 3) => &Handlers.FcvtLuS,
        (0x61, 0) => &Handlers.FcvtWD,
        (0x61, 1) => &Handlers.FcvtWuD,
        (0x61, 2) => &Handlers.FcvtLD,
        (0x61, 3) => &Handlers.FcvtLuD,
        (0x68, 0) => &Handlers.FcvtSW,
        (0x68, 1) => &Handlers.FcvtSWu,
        (0x68, 2) => &Handlers.FcvtSL,
        (0x68, 3) => &Handlers.FcvtSLu,
        (0x69, 0) => &Handlers.FcvtDW,
        (0x69, 1) => &Handlers.FcvtDWu,
        (0x69, 2) => &Handlers.FcvtDL,
        (0x69, 3) => &Handlers.FcvtDLu,
        _ => null,
    };

    private static delegate*<HartState*, Op*, void> Exact(uint function, uint function3, uint rs2) => (function, function3, rs2) switch
    {
        (0x10, 0, _) => &Handlers.FsgnjS,
        (0x10, 1, _) => &Handlers.FsgnjnS,
        (0x10, 2, _) => &Handlers.FsgnjxS,
        (0x11, 0, _) => &Handlers.FsgnjD,
        (0x11, 1, _) => &Handlers.FsgnjnD,
        (0x11, 2, _) => &Handlers.FsgnjxD,
        (0x14, 0, _) => &Handlers.FminS,
        (0x14, 1, _) => &Handlers.FmaxS,
        (0x15, 0, _) => &Handlers.FminD,
        (0x15, 1, _) => &Handlers.FmaxD,
        (0x50, 0, _) => &Handlers.FleS,
        (0x50, 1, _) => &Handlers.FltS,
        (0x50, 2, _) => &Handlers.FeqS,
        (0x51, 0, _) => &Handlers.FleD,
        (0x51, 1, _) => &Handlers.FltD,
        (0x51, 2, _) => &Handlers.FeqD,
        (0x70, 0, 0) => &Handlers.FmvXW,
        (0x70, 1, 0) => &Handlers.FclassS,
        (0x71, 0, 0) => &Handlers.FmvXD,
        (0x71, 1, 0) => &Handlers.FclassD,
        (0x78, 0, 0) => &Handlers.FmvWX,
        (0x79, 0, 0) => &Handlers.FmvDX,
        _ => null,
    };
}
