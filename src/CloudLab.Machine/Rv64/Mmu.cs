using System.Runtime.CompilerServices;
using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Rv64;

/// <summary>
/// Address translation (privileged specification, 12.3 to 12.5): walks Sv39 and Sv48 page tables and fills the
/// software TLB of the address space and context in force.
/// </summary>
/// <remarks>
/// A few address spaces, each known by its whole satp, keep their translations while another is in force, so that a
/// write of satp switches tables and flushes nothing: that is what the ASID in satp permits until a fence says
/// otherwise. Two spaces share nothing: a global page is entered in each, and every fence that covers it covers all.
/// A write permission is entered only on a store, after the page was marked written: from then on stores to the page
/// need no bookkeeping, until code is decoded from it or the dirty log is taken, which withdraws the entry. Idle spaces
/// lose all their write permissions then, when they are next used.
/// </remarks>
internal sealed unsafe class Mmu
{
    public const ulong ModeBare = 0;
    public const ulong ModeSv39 = 8;
    public const ulong ModeSv48 = 9;

    /// <summary>Address spaces that are kept; one more takes the place of the one longest out of use.</summary>
    public const int Spaces = 8;

    /// <summary>The entries that the tables of all spaces and of M-mode take.</summary>
    public const int EntryCount = ((Spaces * SpaceContexts) + 1) * TlbEntry.Count;

    private const int SpaceContexts = (int)TlbContext.Machine;
    private const int AsidShift = 44;
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

    private readonly Hart _hart;
    private readonly TlbBank _machine;
    private readonly TlbBank[] _spaces = new TlbBank[Spaces];
    private TlbBank _current;
    private long _uses;

    /// <param name="hart">The hart whose memory accesses are translated.</param>
    /// <param name="entries">Room for <see cref="EntryCount"/> entries that lives as long as the hart.</param>
    public Mmu(Hart hart, TlbEntry* entries)
    {
        _hart = hart;
        _machine = new TlbBank(entries, 1);
        _machine.Take(0);
        for (int i = 0; i < Spaces; i++) _spaces[i] = new TlbBank(entries + (((i * SpaceContexts) + 1) * TlbEntry.Count), SpaceContexts);
        _current = _spaces[0];
        _current.Take(0);
    }

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
        ulong mode = context == TlbContext.Machine ? ModeBare : _hart.Satp >> 60;
        if (mode != ModeBare && !TryWalk(address, access, context, mode, out physical, out permissions, out level)) return false;
        Privilege privilege = context switch
        {
            TlbContext.User => Privilege.User,
            TlbContext.Machine => Privilege.Machine,
            _ => Privilege.Supervisor,
        };
        if (!_hart.Pmp.Allows(physical, access, privilege)) return AccessFault(access);
        if (!_hart.Pmp.Allows(physical, AccessKind.Load, privilege)) permissions &= ~PteRead;
        if (!_hart.Pmp.Allows(physical, AccessKind.Fetch, privilege)) permissions &= ~PteExecute;
        ulong page = physical - _hart.Memory.Start.Value >> GuestMemory.PageShift;
        if (page >= _hart.Memory.Size >> GuestMemory.PageShift) return true;
        if (access == AccessKind.Store && !_hart.TryCharge((int)page)) return false;
        Fill(address, access, context, (int)page, permissions, level);
        return true;
    }

    /// <summary>The table of a context in the address space in force.</summary>
    public TlbEntry* Table(TlbContext context) => context == TlbContext.Machine ? _machine.Table(0) : _current.Table((int)context);

    /// <summary>Puts the address space of satp in force, with what is still known of it. The caller updates the hart's context.</summary>
    public void UseSpace(ulong satp)
    {
        // What may have been written through this space is settled now: while it is idle, nothing is.
        KeepWrites();
        TlbBank next = _spaces[0];
        foreach (TlbBank space in _spaces)
        {
            if (space.IsTaken && space.Satp == satp)
            {
                next = space;
                break;
            }

            if (next.IsTaken && (!space.IsTaken || space.LastUse < next.LastUse)) next = space;
        }

        if (!next.IsTaken || next.Satp != satp) next.Take(satp);
        else if (next.HasOutdatedWrites) next.WithdrawAllWrites(written: null);
        next.LastUse = ++_uses;
        _current = next;
    }

    /// <summary>Forgets all translations in every context and address space.</summary>
    public void FlushAll()
    {
        FlushTranslations();
        _machine.Clear();
    }

    /// <summary>Forgets what depends on satp and page tables, in all address spaces: everything but M-mode's own.</summary>
    public void FlushTranslations()
    {
        KeepWrites();
        // With MPRV, M-mode's data accesses use the other contexts, so its own table never holds a translation.
        foreach (TlbBank space in _spaces)
            if (space != _current)
                space.Release();
        _current.Clear();
    }

    /// <summary>Forgets the translations of the address spaces with an ASID. Their global pages may go, too.</summary>
    public void FlushAsid(ulong asid)
    {
        KeepWrites();
        foreach (TlbBank space in _spaces)
        {
            if (!HasAsid(space, asid)) continue;
            if (space == _current) space.Clear();
            else space.Release();
        }
    }

    /// <summary>Forgets the translation of one address in all address spaces, with all pieces of a large page that holds it.</summary>
    public void FlushAddress(ulong address)
    {
        KeepWrites();
        foreach (TlbBank space in _spaces)
            if (space.IsTaken)
                space.FlushAddress(address);
    }

    /// <summary>Forgets the translation of one address in the address spaces with an ASID.</summary>
    public void FlushAddress(ulong address, ulong asid)
    {
        KeepWrites();
        foreach (TlbBank space in _spaces)
            if (space.IsTaken && HasAsid(space, asid))
                space.FlushAddress(address);
    }

    /// <summary>Permits writes to a page that <see cref="TryTranslate"/> has just found writable but left out as it is watched.</summary>
    public void PermitWrite(ulong address, TlbContext context) =>
        Table(context)[address >> 12 & TlbEntry.IndexMask].WriteTag = address & TlbEntry.PageMask;

    /// <summary>Withdraws write permission for one page of RAM.</summary>
    /// <returns>Whether it may have been used since it was last asked for: idle spaces' was not.</returns>
    public bool WithdrawWrite(int page)
    {
        OutdateIdleWrites();
        ulong host = (ulong)_hart.Memory.Host + ((ulong)page << GuestMemory.PageShift);
        return _machine.WithdrawWrite(host) | _current.WithdrawWrite(host);
    }

    /// <summary>Withdraws write permission for every page.</summary>
    /// <param name="asWritten">Whether those that had it count as written.</param>
    public void WithdrawAllWrites(bool asWritten)
    {
        OutdateIdleWrites();
        _machine.WithdrawAllWrites(asWritten ? _hart.Memory : null);
        _current.WithdrawAllWrites(asWritten ? _hart.Memory : null);
    }

    /// <summary>
    /// Before entries go or fall idle: a withdrawal that is not served yet would not find them, and what was written by
    /// them be lost.
    /// </summary>
    private void KeepWrites()
    {
        if (_hart.IsWithdrawalPending) WithdrawAllWrites(asWritten: true);
    }

    private void OutdateIdleWrites()
    {
        foreach (TlbBank space in _spaces)
            if (space != _current)
                space.HasOutdatedWrites = true;
    }

    /// <summary>Whether a space is one of the ASID; the register's bits above ASIDMAX are ignored (12.2.1).</summary>
    private static bool HasAsid(TlbBank space, ulong asid) => (ushort)(space.Satp >> AsidShift) == (ushort)asid;

    private void Fill(ulong address, AccessKind access, TlbContext context, int page, ulong permissions, int level)
    {
        ulong tag = address & TlbEntry.PageMask;
        ulong index = address >> 12 & TlbEntry.IndexMask;
        TlbEntry* entry = Table(context) + index;
        ulong addend = (ulong)_hart.Memory.Host + ((ulong)page << GuestMemory.PageShift) - tag;
        if (entry->Addend != addend || (entry->ReadTag != tag && entry->ExecuteTag != tag && entry->WriteTag != tag))
        {
            if (entry->WriteTag != TlbEntry.Invalid) KeepWrites();
            *entry = new TlbEntry { ReadTag = TlbEntry.Invalid, WriteTag = TlbEntry.Invalid, ExecuteTag = TlbEntry.Invalid, Addend = addend };
        }

        if (context != TlbContext.Machine) _current.NoteLevel((int)context, address, level);
        if ((permissions & PteRead) != 0) entry->ReadTag = tag;
        if ((permissions & PteExecute) != 0) entry->ExecuteTag = tag;
        if (access != AccessKind.Store) return;
        _hart.Memory.MarkPageWritten(page);
        if (!_hart.Memory.IsWatched(page)) entry->WriteTag = tag;
    }

    private bool TryWalk(
        ulong address, AccessKind access, TlbContext context, ulong mode, out ulong physical, out ulong permissions, out int level)
    {
        physical = permissions = 0;
        level = mode == ModeSv39 ? 2 : 3;
        int top = 12 + (9 * (level + 1));
        // The bits above the address must all equal its highest one.
        if ((ulong)((long)(address << (64 - top)) >> (64 - top)) != address) return PageFault(access);
        ulong table = (_hart.Satp & 0xfff_ffff_ffff) << 12;
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
        if (_hart.MakesExecutableReadable && (entry & PteExecute) != 0) allowed |= PteRead;
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
        if (!_hart.UpdatesAccessedAndDirty) return false;
        if (!_hart.TryCharge((int)(place - _hart.Memory.Start.Value >> GuestMemory.PageShift))) return false;
        // SAFETY: TryReadEntry found this place in RAM.
        ulong old = entry;
        entry |= needed;
        var memory = (ulong*)(_hart.Memory.Host + (place - _hart.Memory.Start.Value));
        isChanged = Interlocked.CompareExchange(ref *memory, entry, old) != old;
        if (isChanged) return false;
        _hart.Memory.MarkWritten(new GuestAddress(place), sizeof(ulong));
        return true;
    }

    private bool TryReadEntry(ulong place, out ulong entry)
    {
        entry = 0;
        if (!_hart.Memory.Contains(new GuestAddress(place), sizeof(ulong))) return false;
        if (!_hart.Pmp.Allows(place, AccessKind.Load, Privilege.Supervisor)) return false;
        // SAFETY: the range was checked; entries are aligned, so the read is whole.
        entry = Volatile.Read(ref *(ulong*)(_hart.Memory.Host + (place - _hart.Memory.Start.Value)));
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
