using System.Runtime.Intrinsics.X86;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>
/// Decodes one 32-bit (or expanded) instruction into an <see cref="Op"/> (unprivileged specification, chapter 35,
/// "Instruction Set Listings"). Encodings that are not listed there become <see cref="Handlers.Illegal"/>.
/// </summary>
internal static unsafe partial class Decoder
{
    // fm, pred and succ of fence.tso; with any other pred and succ, fm is to be ignored.
    private const uint FenceTso = 0x833;

    // SAFETY: the handlers are static methods, whose addresses never change; ops are written by their one owner.

    /// <summary>Fills all of <paramref name="op"/>; its place (offset and length) stands there already.</summary>
    public static DecodedKind Decode(uint i, ref Op op)
    {
        op.Rd = (byte)(i >> 7 & 31);
        op.Rs1 = (byte)(i >> 15 & 31);
        op.Rs2 = (byte)(i >> 20 & 31);
        op.Immediate = 0;
        switch (i & 0x7f)
        {
            case 0x03: return Load(i, ref op);
            case 0x07: return LoadFloat(i, ref op);
            case 0x0f: return Fence(i, ref op);
            case 0x13: return ComputeImmediate(i, ref op);
            case 0x17: return Straight(ref op, &Handlers.Auipc, (int)(i & 0xffff_f000) + (int)op.Offset);
            case 0x1b: return ComputeImmediateWord(i, ref op);
            case 0x23: return Store(i, ref op);
            case 0x27: return StoreFloat(i, ref op);
            case 0x2f: return Atomic(i, ref op);
            case 0x33: return Compute(i, ref op);
            case 0x37: return Straight(ref op, &Handlers.Li, (int)(i & 0xffff_f000));
            case 0x3b: return ComputeWord(i, ref op);
            case 0x43 or 0x47 or 0x4b or 0x4f: return FusedFloat(i, ref op);
            case 0x53: return ComputeFloat(i, ref op);
            case 0x63: return Branch(i, ref op);
            case 0x67: return (i >> 12 & 7) == 0 ? Indirect(i, ref op) : Illegal(ref op);
            case 0x6f: return JumpAndLink(i, ref op);
            case 0x73: return SystemInstruction(i, ref op);
            default: return Illegal(ref op);
        }
    }

    private static DecodedKind Illegal(ref Op op)
    {
        op.Handler = &Handlers.Illegal;
        return DecodedKind.End;
    }

    private static DecodedKind Straight(ref Op op, delegate*<HartState*, Op*, void> handler, int immediate)
    {
        op.Handler = handler;
        op.Immediate = immediate;
        if (op.Rd == 0) op.Rd = HartState.Sink;
        return DecodedKind.Straight;
    }

    /// <summary>As <see cref="Straight"/>, for an instruction that does nothing but write rd.</summary>
    private static DecodedKind Pure(ref Op op, delegate*<HartState*, Op*, void> handler, int immediate)
    {
        if (handler is null) return Illegal(ref op);
        return Straight(ref op, op.Rd == 0 ? &Handlers.Nop : handler, immediate);
    }

    private static DecodedKind Load(uint i, ref Op op)
    {
        delegate*<HartState*, Op*, void> handler = (i >> 12 & 7) switch
        {
            0 => &Handlers.Lb,
            1 => &Handlers.Lh,
            2 => &Handlers.Lw,
            3 => &Handlers.Ld,
            4 => &Handlers.Lbu,
            5 => &Handlers.Lhu,
            6 => &Handlers.Lwu,
            _ => null,
        };
        if (handler is null) return Illegal(ref op);
        op.Rs2 = (byte)(i >> 12 & 7);
        return Straight(ref op, handler, (int)i >> 20);
    }

    private static DecodedKind Store(uint i, ref Op op)
    {
        delegate*<HartState*, Op*, void> handler = (i >> 12 & 7) switch
        {
            0 => &Handlers.Sb,
            1 => &Handlers.Sh,
            2 => &Handlers.Sw,
            3 => &Handlers.Sd,
            _ => null,
        };
        if (handler is null) return Illegal(ref op);
        Straight(ref op, handler, StoreImmediate(i));
        op.Rd = (byte)(i >> 12 & 7);
        return DecodedKind.Straight;
    }

    private static DecodedKind ComputeImmediate(uint i, ref Op op)
    {
        int immediate = (int)i >> 20;
        switch (i >> 12 & 7)
        {
            case 0: return AddImmediate(ref op, immediate);
            case 1: return i >> 26 == 0 ? Pure(ref op, &Handlers.Slli, immediate & 63) : BitsLeft(i, ref op);
            case 2: return Pure(ref op, &Handlers.Slti, immediate);
            case 3: return Pure(ref op, &Handlers.Sltiu, immediate);
            case 4: return Pure(ref op, &Handlers.Xori, immediate);
            case 5 when i >> 26 == 0: return Pure(ref op, &Handlers.Srli, immediate & 63);
            case 5 when i >> 26 == 0x10: return Pure(ref op, &Handlers.Srai, immediate & 63);
            case 5: return BitsRight(i, ref op);
            case 6: return Pure(ref op, &Handlers.Ori, immediate);
            default: return Pure(ref op, &Handlers.Andi, immediate);
        }
    }

    /// <summary><c>addi</c>, of which <c>li</c> and <c>mv</c> are the frequent special cases.</summary>
    private static DecodedKind AddImmediate(ref Op op, int immediate)
    {
        if (op.Rs1 == 0) return Pure(ref op, &Handlers.Li, immediate);
        return immediate == 0 ? Pure(ref op, &Handlers.Mv, 0) : Pure(ref op, &Handlers.Addi, immediate);
    }

    private static DecodedKind ComputeImmediateWord(uint i, ref Op op)
    {
        int immediate = (int)i >> 20;
        return (i >> 12 & 7, i >> 25) switch
        {
            (0, _) => Pure(ref op, &Handlers.Addiw, immediate),
            (1, 0) => Pure(ref op, &Handlers.Slliw, immediate & 31),
            (5, 0) => Pure(ref op, &Handlers.Srliw, immediate & 31),
            (5, 0x20) => Pure(ref op, &Handlers.Sraiw, immediate & 31),
            _ => BitsWord(i, ref op),
        };
    }

    private static DecodedKind Compute(uint i, ref Op op)
    {
        delegate*<HartState*, Op*, void> handler = (i >> 25 << 3 | i >> 12 & 7) switch
        {
            0x00 << 3 | 0 => &Handlers.Add,
            0x20 << 3 | 0 => &Handlers.Sub,
            0x00 << 3 | 1 => &Handlers.Sll,
            0x00 << 3 | 2 => &Handlers.Slt,
            0x00 << 3 | 3 => &Handlers.Sltu,
            0x00 << 3 | 4 => &Handlers.Xor,
            0x00 << 3 | 5 => &Handlers.Srl,
            0x20 << 3 | 5 => &Handlers.Sra,
            0x00 << 3 | 6 => &Handlers.Or,
            0x00 << 3 | 7 => &Handlers.And,
            0x01 << 3 | 0 => &Handlers.Mul,
            0x01 << 3 | 1 => &Handlers.Mulh,
            0x01 << 3 | 2 => &Handlers.Mulhsu,
            0x01 << 3 | 3 => &Handlers.Mulhu,
            0x01 << 3 | 4 => &Handlers.Div,
            0x01 << 3 | 5 => &Handlers.Divu,
            0x01 << 3 | 6 => &Handlers.Rem,
            0x01 << 3 | 7 => &Handlers.Remu,
            _ => Bits(i),
        };
        return Pure(ref op, handler, 0);
    }

    private static DecodedKind ComputeWord(uint i, ref Op op)
    {
        delegate*<HartState*, Op*, void> handler = (i >> 25 << 3 | i >> 12 & 7) switch
        {
            0x00 << 3 | 0 => &Handlers.Addw,
            0x20 << 3 | 0 => &Handlers.Subw,
            0x00 << 3 | 1 => &Handlers.Sllw,
            0x00 << 3 | 5 => &Handlers.Srlw,
            0x20 << 3 | 5 => &Handlers.Sraw,
            0x01 << 3 | 0 => &Handlers.Mulw,
            0x01 << 3 | 4 => &Handlers.Divw,
            0x01 << 3 | 5 => &Handlers.Divuw,
            0x01 << 3 | 6 => &Handlers.Remw,
            0x01 << 3 | 7 => &Handlers.Remuw,
            _ => BitsOfWords(i),
        };
        return Pure(ref op, handler, 0);
    }

    private static DecodedKind Branch(uint i, ref Op op)
    {
        delegate*<HartState*, Op*, void> handler = (i >> 12 & 7) switch
        {
            0 => &Handlers.Beq,
            1 => &Handlers.Bne,
            4 => &Handlers.Blt,
            5 => &Handlers.Bge,
            6 => &Handlers.Bltu,
            7 => &Handlers.Bgeu,
            _ => null,
        };
        if (handler is null) return Illegal(ref op);
        op.Handler = handler;
        uint offset = (i >> 31) << 12 | (i >> 7 & 1) << 11 | (i >> 25 & 0x3f) << 5 | (i >> 8 & 15) << 1;
        op.Immediate = ((int)(offset << 19) >> 19) + (int)op.Offset;
        return DecodedKind.Branch;
    }

    private static DecodedKind JumpAndLink(uint i, ref Op op)
    {
        uint offset = (i >> 31) << 20 | (i >> 12 & 0xff) << 12 | (i >> 20 & 1) << 11 | (i >> 21 & 0x3ff) << 1;
        op.Immediate = ((int)(offset << 11) >> 11) + (int)op.Offset;
        op.Handler = op.Rd == 0 ? &Handlers.J : &Handlers.Jal;
        return DecodedKind.Jump;
    }

    private static DecodedKind Indirect(uint i, ref Op op)
    {
        Straight(ref op, &Handlers.Jalr, (int)i >> 20);
        return DecodedKind.End;
    }

    private static DecodedKind Fence(uint i, ref Op op)
    {
        switch (i >> 12 & 7)
        {
            case 0: return Straight(ref op, OrdersStoresBeforeLoads(i) ? &Handlers.Fence : &Handlers.Nop, 0);
            case 1: return Exit(i, ref op);
            case 2 when op.Rd == 0 && i >> 20 == 4: return Straight(ref op, &Handlers.CboZero, (int)i);
            case 2 when op.Rd == 0: return Exit(i, ref op);
            default: return Illegal(ref op);
        }
    }

    /// <summary>
    /// Whether a FENCE needs a host fence: on x86-64 only the order of earlier writes and later reads does not hold by
    /// itself (and a fence.tso never asks for it).
    /// </summary>
    private static bool OrdersStoresBeforeLoads(uint i) =>
        (i >> 24 & 5) != 0 && (i >> 20 & 10) != 0 && i >> 20 != FenceTso || !X86Base.IsSupported;

    private static DecodedKind Exit(uint i, ref Op op)
    {
        op.Handler = &Handlers.Exit;
        op.Immediate = (int)i;
        return DecodedKind.End;
    }

    /// <summary>All of SYSTEM leaves for the VMM, which also tells what is illegal; only <c>ecall</c> in U-mode is a trap.</summary>
    private static DecodedKind SystemInstruction(uint i, ref Op op) =>
        (i >> 12 & 7) == 4 ? Illegal(ref op) : Exit(i, ref op);

    private static int StoreImmediate(uint i) => (int)(i & 0xfe00_0000) >> 20 | (int)(i >> 7 & 31);
}
