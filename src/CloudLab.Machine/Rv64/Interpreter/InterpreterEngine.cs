using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>Runs a hart's guest code from block to block until something has to be done outside it.</summary>
/// <remarks>
/// The handlers return here for whatever is not a straight jump to a known block: a page not yet in the fetch TLB, code
/// not yet decoded, a link to fill, a trap that moved the pc. Runs on the hart's thread; allocates nothing.
/// </remarks>
internal sealed unsafe class InterpreterEngine(Hart hart)
{
    /// <summary>Executes from <see cref="HartState.Pc"/> until <see cref="HartState.Exit"/> is set.</summary>
    public ExitKind Run()
    {
        HartState* h = hart.State;
        h->Exit = ExitKind.None;
        while (h->Exit == ExitKind.None)
        {
            CodeBlock* block = FindBlock(h);
            long countdown = block is null ? h->Countdown : h->Countdown - block->Count;
            if ((countdown | h->Attention) < 0)
            {
                h->Exit = h->Attention < 0 ? ExitKind.Attention : ExitKind.Budget;
                break;
            }

            // A fetch that faulted: the pc is at the trap vector now.
            if (block is null) continue;
            h->Countdown = countdown;
            h->BlockPc = h->Pc;
            h->Block = block;
            // SAFETY: see Handlers.
            CodeBlock.Ops(block)->Handler(h, CodeBlock.Ops(block));
        }

        h->LinkSlot = null;
        return h->Exit;
    }

    private CodeBlock* FindBlock(HartState* h)
    {
        ulong pc = h->Pc;
        TlbEntry* entry = h->FetchTlb + (pc >> 12 & TlbEntry.IndexMask);
        if ((pc & TlbEntry.PageMask) != entry->ExecuteTag && !TryFetchPage(pc, pc)) return null;
        byte* host = (byte*)(pc + entry->Addend);
        CodeBlock* block = hart.Code.Find(host);
        if (block is null)
        {
            block = Build(h, host);
            if (block is null) return Crossing(h, pc, host);
        }

        if (h->LinkSlot is not null)
        {
            *h->LinkSlot = block;
            h->LinkSlot = null;
        }

        return block;
    }

    private CodeBlock* Build(HartState* h, byte* host)
    {
        if (hart.Code.IsFull)
        {
            hart.Code.Reset();
            h->LinkSlot = null;
        }

        hart.ClaimCodePage((int)((host - hart.Memory.Host) >> GuestMemory.PageShift));
        return hart.Code.Build(host);
    }

    /// <summary>An instruction whose second half lies on the next page, which may be mapped anywhere.</summary>
    private CodeBlock* Crossing(HartState* h, ulong pc, byte* host)
    {
        h->LinkSlot = null;
        uint low = *(ushort*)host;
        ulong next = pc + 2;
        TlbEntry* entry = h->FetchTlb + (next >> 12 & TlbEntry.IndexMask);
        if ((next & TlbEntry.PageMask) != entry->ExecuteTag && !TryFetchPage(pc, next)) return null;
        return hart.Code.Crossing(low | (uint)*(ushort*)(next + entry->Addend) << 16);
    }

    private bool TryFetchPage(ulong pc, ulong address)
    {
        hart.State->Pc = pc;
        var context = (TlbContext)hart.Privilege;
        if (!hart.Mmu.TryTranslate(address, AccessKind.Fetch, context, out ulong physical))
        {
            // The next block found is the trap handler, which is not where the link leads.
            hart.State->LinkSlot = null;
            hart.RaiseFault(address);
            return false;
        }

        if (hart.Memory.Contains(new GuestAddress(physical), 2)) return true;
        hart.State->LinkSlot = null;
        hart.RaiseException(ExceptionCode.InstructionAccessFault, address);
        return false;
    }
}
