using System.Runtime.CompilerServices;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>Branches and jumps: how one block leads to the next.</summary>
internal static unsafe partial class Handlers
{
    [MethodImpl(Threaded)]
    public static void Beq(HartState* h, Op* op)
    {
        if (X(h)[op->Rs1] == X(h)[op->Rs2])
        {
            Follow(h, op + 1);
            return;
        }

        Follow(h, op + 2);
    }

    [MethodImpl(Threaded)]
    public static void Bne(HartState* h, Op* op)
    {
        if (X(h)[op->Rs1] != X(h)[op->Rs2])
        {
            Follow(h, op + 1);
            return;
        }

        Follow(h, op + 2);
    }

    [MethodImpl(Threaded)]
    public static void Blt(HartState* h, Op* op)
    {
        if ((long)X(h)[op->Rs1] < (long)X(h)[op->Rs2])
        {
            Follow(h, op + 1);
            return;
        }

        Follow(h, op + 2);
    }

    [MethodImpl(Threaded)]
    public static void Bge(HartState* h, Op* op)
    {
        if ((long)X(h)[op->Rs1] >= (long)X(h)[op->Rs2])
        {
            Follow(h, op + 1);
            return;
        }

        Follow(h, op + 2);
    }

    [MethodImpl(Threaded)]
    public static void Bltu(HartState* h, Op* op)
    {
        if (X(h)[op->Rs1] < X(h)[op->Rs2])
        {
            Follow(h, op + 1);
            return;
        }

        Follow(h, op + 2);
    }

    [MethodImpl(Threaded)]
    public static void Bgeu(HartState* h, Op* op)
    {
        if (X(h)[op->Rs1] >= X(h)[op->Rs2])
        {
            Follow(h, op + 1);
            return;
        }

        Follow(h, op + 2);
    }

    [MethodImpl(Threaded)]
    public static void Jal(HartState* h, Op* op)
    {
        X(h)[op->Rd] = h->BlockPc + op->Offset + op->Length;
        Follow(h, op + 1);
    }

    [MethodImpl(Threaded)]
    public static void J(HartState* h, Op* op) => Follow(h, op + 1);

    /// <summary>No instruction: the block ends here because it is full or reached the end of its page.</summary>
    [MethodImpl(Threaded)]
    public static void Continue(HartState* h, Op* op) => Follow(h, op + 1);

    [MethodImpl(Threaded)]
    public static void Jalr(HartState* h, Op* op)
    {
        ulong target = (X(h)[op->Rs1] + (ulong)(long)op->Immediate) & ~1UL;
        X(h)[op->Rd] = h->BlockPc + op->Offset + op->Length;
        h->Pc = target;
        Dispatch(h, op);
    }

    /// <summary>Jumps along a link slot; <paramref name="slot"/> is an <see cref="OpLink"/>.</summary>
    [MethodImpl(Threaded)]
    private static void Follow(HartState* h, Op* slot)
    {
        OpLink* link = (OpLink*)slot;
        CodeBlock* block = link->Target;
        ulong pc = h->BlockPc + (ulong)link->Distance;
        if (block is null)
        {
            h->Pc = pc;
            h->Cold.Link(h, slot);
            return;
        }

        long countdown = h->Countdown - block->Count;
        if ((countdown | h->Attention) < 0)
        {
            h->Pc = pc;
            h->Cold.Pause(h, slot);
            return;
        }

        h->Countdown = countdown;
        h->BlockPc = pc;
        h->Block = block;
        CodeBlock.Ops(block)->Handler(h, CodeBlock.Ops(block));
    }

    /// <summary>Jumps to <see cref="HartState.Pc"/> through the fetch TLB and the block index.</summary>
    [MethodImpl(Threaded)]
    private static void Dispatch(HartState* h, Op* op)
    {
        ulong pc = h->Pc;
        TlbEntry* entry = h->FetchTlb + ((pc >> 12) & TlbEntry.IndexMask);
        if ((pc & TlbEntry.PageMask) != entry->ExecuteTag) return;
        byte* host = (byte*)(pc + entry->Addend);
        BlockSlot* slot = h->Blocks + BlockSlot.IndexOf(host);
        if (slot->Host != host) return;
        CodeBlock* block = slot->Block;
        long countdown = h->Countdown - block->Count;
        if ((countdown | h->Attention) < 0)
        {
            h->Cold.Pause(h, op);
            return;
        }

        h->Countdown = countdown;
        h->BlockPc = pc;
        h->Block = block;
        CodeBlock.Ops(block)->Handler(h, CodeBlock.Ops(block));
    }

    /// <summary>Returns to the engine, which finds the block and, when it lies on the same page, fills the slot.</summary>
    [MethodImpl(Threaded)]
    internal static void Link(HartState* h, Op* slot)
    {
        OpLink* link = (OpLink*)slot;
        if (((h->BlockPc ^ h->Pc) & TlbEntry.PageMask) == 0 && h->Block->IsPageCrossing == 0)
        {
            h->LinkSlot = &link->Target;
            return;
        }

        Dispatch(h, slot);
    }

    [MethodImpl(Threaded)]
    internal static void Pause(HartState* h, Op* op) => h->Exit = h->Attention < 0 ? ExitKind.Attention : ExitKind.Budget;
}
