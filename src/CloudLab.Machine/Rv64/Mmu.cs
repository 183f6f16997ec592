using System.Runtime.CompilerServices;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Rv64;

/// <summary>
/// Address translation (privileged specification, 12.3 to 12.5): walks Sv39 and Sv48 page tables and fills the
/// software TLB of the context in force.
/// </summary>
/// <remarks>
/// The TLB holds 4 KiB entries only; one made from a larger page is remembered in <c>_levels</c> so that an SFENCE.VMA
/// for any address of the large page finds all its pieces;
/// a filter tells it, nearly always, that there is none to look for. A write permission is entered only on a store, after the
/// page was marked written: from then on stores to the page need no bookkeeping, until code is decoded from it or the
/// dirty log is taken, which withdraws the entry. ASIDs are not tags here: writing satp flushes.
/// </remarks>
internal sealed unsafe class Mmu(Hart hart)
{
    public const ulong ModeBare = 0;
    public const ulong ModeSv39 = 8;
    public const ulong ModeSv48 = 9;

    private const int Contexts = 4;
    private const ulong PteValid = 1 << 0;
    private const ulong PteRead = 1 << 1;
    private const ulong PteWrite = 1 << 2;
    private const ulong PteExecute = 1 << 3;
    private const ulong PteUser = 1 << 4;
    private const ulong PteAccessed = 1 << 6;
    private const ulong PteDirty = 1 << 7;
    private const ulong PtePpn = 0x003f_ffff_ffff_fc00;

    /// <summary>Bits 54 to 63: reserved, Svpbmt and Svnapot, none of which is implemented; set, they fault.</summary>
    private const ulong PteReserved = 0xffc0_0000_0000_0000;

    private readonly byte[] _levels = new byte[Contexts * TlbEntry.Count];
    private readonly LargePageFilter[] _large = [new(), new(), new(), new()];

    /// <summary>Why the last <see cref="TryTranslate"/> failed.</summary>
    public ExceptionCode Fault { get; private set; }

    /// <summary>
    /// Translates one byte's address, fills the TLB when it lies in RAM, and marks the page written for a store.
    /// </summary>
    /// <returns>
    /// False with <see cref="Fault"/> set when the access is not allowed; false with <see cref="ExitKind.Memory"/> when
    /// the host has no memory for it, see <see cref="Hart.RaiseFault"/>.
    /// </returns>
    public bool TryTranslate(ulong address, AccessKind access, TlbContext context, out ulong physical)
    {
        int level = 0;
        ulong permissions = PteRead | PteWrite | PteExecute;
        physical = address;
        ulong mode = context == TlbContext.Machine ? ModeBare : hart.Satp >> 60;
        if (mode != ModeBare && !TryWalk(address, access, context, mode, out physical, out permissions, out level)) return false;
        Privilege privilege = context switch
        {
            TlbContext.User => Privilege.User,
            TlbContext.Machine => Privilege.Machine,
            _ => Privilege.Supervisor,
        };
        if (!hart.Pmp.Allows(physical, access, privilege)) return AccessFault(access);
        if (!hart.Pmp.Allows(physical, AccessKind.Load, privilege)) permissions &= ~PteRead;
        if (!hart.Pmp.Allows(physical, AccessKind.Fetch, privilege)) permissions &= ~PteExecute;
        ulong page = physical - hart.Memory.Start.Value >> GuestMemory.PageShift;
        if (page >= hart.Memory.Size >> GuestMemory.PageShift) return true;
        if (access == AccessKind.Store && !hart.TryCharge((int)page)) return false;
        Fill(address, access, context, (int)page, permissions, level);
        return true;
    }

    /// <summary>Forgets all translations in every context.</summary>
    public void FlushAll()
    {
        KeepWrites();
        for (int context = 0; context < Contexts; context++) Clear((TlbContext)context);
    }

    /// <summary>Forgets what depends on satp and page tables: everything but M-mode's own.</summary>
    public void FlushTranslations()
    {
        KeepWrites();
        Clear(TlbContext.User);
        Clear(TlbContext.Supervisor);
        Clear(TlbContext.SupervisorWithUserAccess);
        // With MPRV, M-mode's data accesses use the other contexts, so its own table never holds a translation.
    }

    /// <summary>Forgets the translation of one address, with all pieces of a large page that holds it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void FlushAddress(ulong address)
    {
        KeepWrites();
        for (int context = 0; context < (int)TlbContext.Machine; context++)
        {
            TlbEntry* table = hart.Table((TlbContext)context);
            Invalidate(table + (address >> 12 & TlbEntry.IndexMask), address, 0);
            if (!_large[context].MayHold(address)) continue;
            // SAFETY: both arrays have an element for each entry of each table.
            for (int i = 0; i < TlbEntry.Count; i++)
            {
                int level = _levels[(context * TlbEntry.Count) + i];
                if (level != 0) Invalidate(table + i, address, level);
            }
        }
    }

    /// <summary>Permits writes to a page that <see cref="TryTranslate"/> has just found writable but left out as it is watched.</summary>
    public void PermitWrite(ulong address, TlbContext context) =>
        hart.Table(context)[address >> 12 & TlbEntry.IndexMask].WriteTag = address & TlbEntry.PageMask;

    /// <summary>Withdraws write permission for one page of RAM.</summary>
    /// <returns>Whether an entry had it.</returns>
    public bool WithdrawWrite(int page)
    {
        ulong host = (ulong)hart.Memory.Host + ((ulong)page << GuestMemory.PageShift);
        bool found = false;
        TlbEntry* table = hart.Table(TlbContext.User);
        // SAFETY: the four tables lie one after the other.
        for (int i = 0; i < Contexts * TlbEntry.Count; i++)
        {
            if (table[i].WriteTag == TlbEntry.Invalid || table[i].WriteTag + table[i].Addend != host) continue;
            table[i].WriteTag = TlbEntry.Invalid;
            found = true;
        }

        return found;
    }

    /// <summary>Withdraws write permission for every page.</summary>
    /// <param name="asWritten">Whether those that had it count as written.</param>
    public void WithdrawAllWrites(bool asWritten)
    {
        TlbEntry* table = hart.Table(TlbContext.User);
        // SAFETY: the four tables lie one after the other.
        for (int i = 0; i < Contexts * TlbEntry.Count; i++)
        {
            if (table[i].WriteTag == TlbEntry.Invalid) continue;
            ulong page = (table[i].WriteTag + table[i].Addend - (ulong)hart.Memory.Host) >> GuestMemory.PageShift;
            table[i].WriteTag = TlbEntry.Invalid;
            if (asWritten) hart.Memory.MarkPageWritten((int)page);
        }
    }

    /// <summary>
    /// Before entries go: a withdrawal that is not served yet would not find them, and what was written by them be lost.
    /// </summary>
    private void KeepWrites()
    {
        if (hart.IsWithdrawalPending) WithdrawAllWrites(asWritten: true);
    }

    private static void Invalidate(TlbEntry* entry, ulong address, int level)
    {
        int shift = 12 + (9 * level);
        // An invalid tag differs from every address in its low bits only, so it may match; clearing it again does no harm.
        if ((entry->ReadTag ^ address) >> shift == 0 || (entry->WriteTag ^ address) >> shift == 0 || (entry->ExecuteTag ^ address) >> shift == 0)
            entry->ReadTag = entry->WriteTag = entry->ExecuteTag = TlbEntry.Invalid;
    }

    private void Clear(TlbContext context)
    {
        new Span<byte>(hart.Table(context), TlbEntry.Count * sizeof(TlbEntry)).Fill(0xff);
        _levels.AsSpan((int)context * TlbEntry.Count, TlbEntry.Count).Clear();
        _large[(int)context].Clear();
    }

    private void Fill(ulong address, AccessKind access, TlbContext context, int page, ulong permissions, int level)
    {
        ulong tag = address & TlbEntry.PageMask;
        ulong index = address >> 12 & TlbEntry.IndexMask;
        TlbEntry* entry = hart.Table(context) + index;
        ulong addend = (ulong)hart.Memory.Host + ((ulong)page << GuestMemory.PageShift) - tag;
        if (entry->Addend != addend || (entry->ReadTag != tag && entry->ExecuteTag != tag && entry->WriteTag != tag))
        {
            if (entry->WriteTag != TlbEntry.Invalid) KeepWrites();
            *entry = new TlbEntry { ReadTag = TlbEntry.Invalid, WriteTag = TlbEntry.Invalid, ExecuteTag = TlbEntry.Invalid, Addend = addend };
        }

        _levels[((int)context * TlbEntry.Count) + (int)index] = (byte)level;
        if (level != 0) _large[(int)context].Add(address, level);
        if ((permissions & PteRead) != 0) entry->ReadTag = tag;
        if ((permissions & PteExecute) != 0) entry->ExecuteTag = tag;
        if (access != AccessKind.Store) return;
        hart.Memory.MarkPageWritten(page);
        if (!hart.Memory.IsWatched(page)) entry->WriteTag = tag;
    }

    private bool TryWalk(
        ulong address, AccessKind access, TlbContext context, ulong mode, out ulong physical, out ulong permissions, out int level)
    {
        physical = permissions = 0;
        level = mode == ModeSv39 ? 2 : 3;
        int top = 12 + (9 * (level + 1));
        // The bits above the address must all equal its highest one.
        if ((ulong)((long)(address << (64 - top)) >> (64 - top)) != address) return PageFault(access);
        ulong table = (hart.Satp & 0xfff_ffff_ffff) << 12;
        for (; level >= 0; level--)
        {
            ulong place = table + (address >> (12 + (9 * level)) & 0x1ff) * 8;
            if (!TryReadEntry(place, out ulong entry)) return AccessFault(access);
            if ((entry & PteValid) == 0 || (entry & PteReserved) != 0 || (entry & (PteRead | PteWrite)) == PteWrite) return PageFault(access);
            ulong target = (entry & PtePpn) << 2;
            if ((entry & (PteRead | PteExecute)) == 0)
            {
                // A pointer to the next table: D, A and U are reserved here.
                if ((entry & (PteDirty | PteAccessed | PteUser)) != 0) return PageFault(access);
                table = target;
                continue;
            }

            ulong inside = (1UL << (12 + (9 * level))) - 1;
            if ((target & inside) != 0 || !IsAllowed(entry, access, context)) return PageFault(access);
            if (!TryUpdateBits(place, ref entry, access, out bool isChanged))
            {
                if (!isChanged) return PageFault(access);
                // Another hart changed the entry in between: look at it again, at the same level.
                level++;
                continue;
            }

            physical = target | (address & inside);
            permissions = Permissions(entry, context);
            return true;
        }

        level = 0;
        return PageFault(access);
    }

    /// <summary>What the context may do with the page, as the R, W and X bits.</summary>
    private ulong Permissions(ulong entry, TlbContext context)
    {
        bool isUser = (entry & PteUser) != 0;
        ulong allowed = entry & (PteRead | PteWrite | PteExecute);
        if (hart.MakesExecutableReadable && (entry & PteExecute) != 0) allowed |= PteRead;
        return context switch
        {
            TlbContext.User => isUser ? allowed : 0,
            TlbContext.Supervisor => isUser ? 0 : allowed,
            _ => isUser ? allowed & ~PteExecute : allowed,
        };
    }

    private bool IsAllowed(ulong entry, AccessKind access, TlbContext context)
    {
        ulong needed = access switch { AccessKind.Load => PteRead, AccessKind.Store => PteWrite, _ => PteExecute };
        return (Permissions(entry, context) & needed) != 0;
    }

    /// <summary>A and D: faults where they are missing (Svade), or sets them (Svadu).</summary>
    private bool TryUpdateBits(ulong place, ref ulong entry, AccessKind access, out bool isChanged)
    {
        isChanged = false;
        ulong needed = PteAccessed | (access == AccessKind.Store ? PteDirty : 0);
        if ((entry & needed) == needed) return true;
        if (!hart.UpdatesAccessedAndDirty) return false;
        if (!hart.TryCharge((int)(place - hart.Memory.Start.Value >> GuestMemory.PageShift))) return false;
        // SAFETY: TryReadEntry found this place in RAM.
        ulong old = entry;
        entry |= needed;
        var memory = (ulong*)(hart.Memory.Host + (place - hart.Memory.Start.Value));
        isChanged = Interlocked.CompareExchange(ref *memory, entry, old) != old;
        if (isChanged) return false;
        hart.Memory.MarkWritten(new GuestAddress(place), sizeof(ulong));
        return true;
    }

    private bool TryReadEntry(ulong place, out ulong entry)
    {
        entry = 0;
        if (!hart.Memory.Contains(new GuestAddress(place), sizeof(ulong))) return false;
        if (!hart.Pmp.Allows(place, AccessKind.Load, Privilege.Supervisor)) return false;
        // SAFETY: the range was checked; entries are aligned, so the read is whole.
        entry = Volatile.Read(ref *(ulong*)(hart.Memory.Host + (place - hart.Memory.Start.Value)));
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool PageFault(AccessKind access)
    {
        Fault = access switch
        {
            AccessKind.Load => ExceptionCode.LoadPageFault,
            AccessKind.Store => ExceptionCode.StorePageFault,
            AccessKind.Fetch => ExceptionCode.InstructionPageFault,
        };
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool AccessFault(AccessKind access)
    {
        Fault = AccessFaultOf(access);
        return false;
    }

    /// <summary>The exception for an address at which nothing answers.</summary>
    public static ExceptionCode AccessFaultOf(AccessKind access) => access switch
    {
        AccessKind.Load => ExceptionCode.LoadAccessFault,
        AccessKind.Store => ExceptionCode.StoreAccessFault,
        AccessKind.Fetch => ExceptionCode.InstructionAccessFault,
    };
}
