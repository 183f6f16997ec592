namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>The A extension's encodings.</summary>
internal static unsafe partial class Decoder
{
    private const uint Release = 1 << 25;

    private static DecodedKind Atomic(uint i, ref Op op)
    {
        delegate*<HartState*, Op*, void> handler = (i >> 27 << 3 | i >> 12 & 7) switch
        {
            0x00 << 3 | 2 => &Handlers.AmoAddW,
            0x01 << 3 | 2 => &Handlers.AmoSwapW,
            0x02 << 3 | 2 when op.Rs2 == 0 => (i & Release) == 0 ? &Handlers.LrW : &Handlers.LrWRelease,
            0x03 << 3 | 2 => &Handlers.ScW,
            0x04 << 3 | 2 => &Handlers.AmoXorW,
            0x08 << 3 | 2 => &Handlers.AmoOrW,
            0x0c << 3 | 2 => &Handlers.AmoAndW,
            0x10 << 3 | 2 => &Handlers.AmoMinW,
            0x14 << 3 | 2 => &Handlers.AmoMaxW,
            0x18 << 3 | 2 => &Handlers.AmoMinuW,
            0x1c << 3 | 2 => &Handlers.AmoMaxuW,
            0x00 << 3 | 3 => &Handlers.AmoAddD,
            0x01 << 3 | 3 => &Handlers.AmoSwapD,
            0x02 << 3 | 3 when op.Rs2 == 0 => (i & Release) == 0 ? &Handlers.LrD : &Handlers.LrDRelease,
            0x03 << 3 | 3 => &Handlers.ScD,
            0x04 << 3 | 3 => &Handlers.AmoXorD,
            0x08 << 3 | 3 => &Handlers.AmoOrD,
            0x0c << 3 | 3 => &Handlers.AmoAndD,
            0x10 << 3 | 3 => &Handlers.AmoMinD,
            0x14 << 3 | 3 => &Handlers.AmoMaxD,
            0x18 << 3 | 3 => &Handlers.AmoMinuD,
            0x1c << 3 | 3 => &Handlers.AmoMaxuD,
            _ => null,
        };
        return handler is null ? Illegal(ref op) : Straight(ref op, handler, (int)i);
    }
}
