using System.Runtime.CompilerServices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>
/// The interpreter's opcode handlers. Each executes one decoded instruction and tail-calls the next one's handler, so
/// a block runs as a chain of jumps with the hart and the op in two host registers and no frame.
/// </summary>
/// <remarks>
/// Three rules keep it so. Every handler is compiled optimised from its first call (<see cref="Threaded"/>), because
/// only optimised code turns the last call into a jump; <see cref="TailCallCheck"/> proves it at start. A call that is
/// not the last act costs the handler a frame, so slow paths are tail calls too, through <see cref="ColdHandlers"/>.
/// Nothing here throws.
/// SAFETY, for the whole class: <c>h</c> is the running hart's state, alive while its thread is in the engine; <c>op</c>
/// points into a block of the hart's code cache, which frees memory only between blocks; register indices were made
/// from 5-bit fields (or the sink) by the decoder; an address that passed its TLB compare lies in a page of guest RAM.
/// </remarks>
internal static unsafe partial class Handlers
{
    internal const MethodImplOptions Threaded = MethodImplOptions.AggressiveOptimization;

    private const ulong NanBoxMask = 0xffff_ffff_0000_0000;
    private const ulong NoReservation = ulong.MaxValue;
    private const uint FloatOff = 0;
    private const uint FloatDirty = 3;

    /// <summary>The integer registers, which are the state's first field. By cast: a fixed buffer's address costs a null check.</summary>
    private static ulong* X(HartState* h) => (ulong*)h;

    /// <summary>An instruction that the VMM emulates: leaves guest code with the instruction in the exit fields.</summary>
    [MethodImpl(Threaded)]
    public static void Exit(HartState* h, Op* op)
    {
        Leave(h, op);
        h->ExitInstruction = (uint)op->Immediate;
        h->ExitLength = op->Length;
        h->Exit = ExitKind.Instruction;
    }

    /// <summary>An encoding that is no instruction here.</summary>
    [MethodImpl(Threaded)]
    public static void Illegal(HartState* h, Op* op)
    {
        Leave(h, op);
        Hart.Of(h).RaiseIllegalInstruction(RawInstruction(h, op));
    }

    [MethodImpl(Threaded)]
    internal static void LoadSlow(HartState* h, Op* op)
    {
        if (Hart.Of(h).LoadSlow(op))
        {
            op[1].Handler(h, op + 1);
            return;
        }
    }

    [MethodImpl(Threaded)]
    internal static void StoreSlow(HartState* h, Op* op)
    {
        if (Hart.Of(h).StoreSlow(op))
        {
            op[1].Handler(h, op + 1);
            return;
        }
    }

    /// <summary>Makes the page accessible and executes the instruction again, or ends in a trap.</summary>
    [MethodImpl(Threaded)]
    internal static void AtomicSlow(HartState* h, Op* op)
    {
        if (Hart.Of(h).PrepareAtomic(op))
        {
            op->Handler(h, op);
            return;
        }
    }

    [MethodImpl(Threaded)]
    internal static void FloatStateSlow(HartState* h, Op* op)
    {
        if (h->FloatState == FloatOff)
        {
            h->Cold.Illegal(h, op);
            return;
        }

        h->FloatState = FloatDirty;
        op->Handler(h, op);
    }

    /// <summary>Ends the chain before <paramref name="op"/>: the pc names it and what was not executed is given back.</summary>
    internal static void Leave(HartState* h, Op* op)
    {
        CodeBlock* block = h->Block;
        h->Pc = h->BlockPc + op->Offset;
        h->Countdown += block->Count - (op - CodeBlock.Ops(block));
    }

    /// <summary>The instruction as it stands in memory, 16 or 32 bits.</summary>
    internal static uint RawInstruction(HartState* h, Op* op)
    {
        ushort* host = (ushort*)(h->Block->Host + op->Offset);
        return op->Length == 2 ? *host : host[0] | (uint)host[1] << 16;
    }
}
