using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Rv64;

/// <summary>
/// The TLB tables of one address space, or of M-mode: filled while it is in force, kept while another is.
/// </summary>
/// <remarks>
/// Entries are of 4 KiB; the level of the page that one was made from is remembered, so that an SFENCE.VMA for any address
/// of a large page finds all its pieces; a filter tells, nearly always, that there is none to look for. Owned by the
/// hart's thread.
/// </remarks>
// SAFETY: the entries lie in the hart's mapping, which outlives its Mmu; every index is below contexts × TlbEntry.Count.
internal sealed unsafe class TlbBank
{
    private readonly TlbEntry* _entries;
    private readonly int _contexts;
    private readonly byte[] _levels;
    private readonly LargePageFilter[] _large;

    /// <param name="entries">Room for <paramref name="contexts"/> tables, one after the other. Not touched before <see cref="Take"/>.</param>
    /// <param name="contexts">How many contexts the bank has tables for.</param>
    public TlbBank(TlbEntry* entries, int contexts)
    {
        _entries = entries;
        _contexts = contexts;
        _levels = new byte[contexts * TlbEntry.Count];
        _large = new LargePageFilter[contexts];
        for (int i = 0; i < contexts; i++) _large[i] = new LargePageFilter();
    }

    /// <summary>Whether it holds an address space. One that does not has no entries to speak of: taking it clears it.</summary>
    public bool IsTaken { get; private set; }

    /// <summary>The value of satp whose translations these are.</summary>
    public ulong Satp { get; private set; }

    /// <summary>When it was last put in force: a number that grows.</summary>
    public long LastUse { get; set; }

    /// <summary>Set while the bank is idle and a page's write permission was withdrawn: its write tags go before it is used again.</summary>
    public bool HasOutdatedWrites { get; set; }

    /// <summary>The table of the bank's <paramref name="context"/>-th context.</summary>
    public TlbEntry* Table(int context) => _entries + (context * TlbEntry.Count);

    /// <summary>Makes the bank an empty one for an address space.</summary>
    public void Take(ulong satp)
    {
        Satp = satp;
        IsTaken = true;
        Clear();
    }

    /// <summary>Lets the address space go.</summary>
    public void Release() => IsTaken = false;

    /// <summary>Forgets all entries.</summary>
    public void Clear()
    {
        HasOutdatedWrites = false;
        new Span<byte>(_entries, _contexts * TlbEntry.Count * sizeof(TlbEntry)).Fill(0xff);
        Array.Clear(_levels);
        foreach (LargePageFilter filter in _large) filter.Clear();
    }

    /// <summary>Notes the level of the page that an entry, just filled, was made from.</summary>
    public void NoteLevel(int context, ulong address, int level)
    {
        _levels[(context * TlbEntry.Count) + (int)(address >> 12 & TlbEntry.IndexMask)] = (byte)level;
        if (level != 0) _large[context].Add(address, level);
    }

    /// <summary>Forgets the translation of one address, with all pieces of a large page that holds it.</summary>
    public void FlushAddress(ulong address)
    {
        for (int context = 0; context < _contexts; context++)
        {
            TlbEntry* table = Table(context);
            Invalidate(table + (address >> 12 & TlbEntry.IndexMask), address, 0);
            if (!_large[context].MayHold(address)) continue;
            for (int i = 0; i < TlbEntry.Count; i++)
            {
                int level = _levels[(context * TlbEntry.Count) + i];
                if (level != 0) Invalidate(table + i, address, level);
            }
        }
    }

    /// <summary>Withdraws write permission for one page of RAM, given by its host address.</summary>
    /// <returns>Whether an entry had it.</returns>
    public bool WithdrawWrite(ulong host)
    {
        bool found = false;
        for (int i = 0; i < _contexts * TlbEntry.Count; i++)
        {
            if (_entries[i].WriteTag == TlbEntry.Invalid || _entries[i].WriteTag + _entries[i].Addend != host) continue;
            _entries[i].WriteTag = TlbEntry.Invalid;
            found = true;
        }

        return found;
    }

    /// <summary>Withdraws write permission for every page.</summary>
    /// <param name="written">Where the pages that had it are marked as written, or null.</param>
    public void WithdrawAllWrites(GuestMemory? written)
    {
        HasOutdatedWrites = false;
        for (int i = 0; i < _contexts * TlbEntry.Count; i++)
        {
            if (_entries[i].WriteTag == TlbEntry.Invalid) continue;
            ulong host = _entries[i].WriteTag + _entries[i].Addend;
            _entries[i].WriteTag = TlbEntry.Invalid;
            written?.MarkPageWritten((int)((host - (ulong)written.Host) >> GuestMemory.PageShift));
        }
    }

    private static void Invalidate(TlbEntry* entry, ulong address, int level)
    {
        int shift = 12 + (9 * level);
        // An invalid tag differs from every address in its low bits only, so it may match; clearing it again does no harm.
        if ((entry->ReadTag ^ address) >> shift == 0 || (entry->WriteTag ^ address) >> shift == 0 || (entry->ExecuteTag ^ address) >> shift == 0)
            entry->ReadTag = entry->WriteTag = entry->ExecuteTag = TlbEntry.Invalid;
    }
}
