using System.Buffers.Binary;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64.Interpreter;

namespace CloudLab.Machine.Rv64;

/// <summary>Memory accesses that missed the TLB: refill and repeat, cross a page, leave for a device, or fault.</summary>
internal sealed unsafe partial class Hart
{
    private ulong _sliceBudget;
    private ulong _charged;

    /// <summary>Instructions retired up to this moment.</summary>
    public ulong InstructionsNow => Counters.Instructions + _sliceBudget - (ulong)State->Countdown - _charged;

    /// <summary>Gives the hart a number of instructions to execute.</summary>
    public void BeginSlice(long instructions)
    {
        _sliceBudget = (ulong)instructions;
        _charged = 0;
        State->Countdown = instructions;
    }

    /// <summary>Books what was executed of the slice.</summary>
    public void EndSlice()
    {
        Counters.Retire(_sliceBudget - (ulong)State->Countdown - _charged);
        _sliceBudget = 0;
        _charged = 0;
        State->Countdown = 0;
    }

    /// <summary>
    /// Takes one instruction off the slice that is not counted as retired, so that a guest whose trap handler faults
    /// for ever still comes to the end of its slice.
    /// </summary>
    public void ChargeTrap()
    {
        State->Countdown--;
        _charged++;
    }

    /// <summary>The context of loads and stores: MPRV lends M-mode the one of MPP.</summary>
    public TlbContext DataContext
    {
        get
        {
            Privilege effective = Privilege == Privilege.Machine && (_mstatus & StatusBits.Mprv) != 0
                ? (Privilege)(_mstatus >> StatusBits.MppShift & 3)
                : Privilege;
            return effective == Privilege.Supervisor && (_mstatus & StatusBits.Sum) != 0
                ? TlbContext.SupervisorWithUserAccess
                : (TlbContext)effective;
        }
    }

    /// <summary>Switches to the TLB tables of the mode in force.</summary>
    public void UpdateContext()
    {
        State->FetchTlb = Mmu.Table((TlbContext)Privilege);
        State->DataTlb = Mmu.Table(DataContext);
        State->MayZeroBlocks = MayOperateOnBlocks(EnvcfgCbze) ? 1u : 0;
    }

    /// <summary>Finishes a load that missed. False when it ended in a trap or a device exit.</summary>
    public bool LoadSlow(Op* op)
    {
        int size = 1 << (op->Rs2 & 3);
        ulong address = State->X[op->Rs1] + (ulong)(long)op->Immediate;
        if (!TryTranslateData(op, address, size, AccessKind.Load, out ulong physical, out ulong physicalNext)) return false;
        if (!Memory.Contains(new GuestAddress(physical), 1)) return LeaveForDevice(op, AccessKind.Load, address, physical, size);
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        int first = Math.Min(size, GuestMemory.PageSize - (int)(address & 0xfff));
        if (!Memory.TryRead(new GuestAddress(physical), bytes[..first])
            || (first < size && !Memory.TryRead(new GuestAddress(physicalNext), bytes[first..size])))
            return Fail(op, ExceptionCode.LoadAccessFault, address);
        FinishLoad(TargetOf(op), op->Rd, size, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        return true;
    }

    /// <summary>Finishes a store that missed. False when it ended in a trap or a device exit.</summary>
    public bool StoreSlow(Op* op)
    {
        int size = 1 << (op->Rd & 3);
        ulong value = (op->Rd & Op.FloatAccess) != 0 ? State->F[op->Rs2] : State->X[op->Rs2];
        ulong address = State->X[op->Rs1] + (ulong)(long)op->Immediate;
        if (!TryTranslateData(op, address, size, AccessKind.Store, out ulong physical, out ulong physicalNext)) return false;
        if (!Memory.Contains(new GuestAddress(physical), 1))
        {
            State->ExitValue = value;
            return LeaveForDevice(op, AccessKind.Store, address, physical, size);
        }

        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        int first = Math.Min(size, GuestMemory.PageSize - (int)(address & 0xfff));
        if (first < size && !Memory.Contains(new GuestAddress(physicalNext), (ulong)(size - first)))
            return Fail(op, ExceptionCode.StoreAccessFault, address);
        if (first == size)
        {
            StoreWhole(physical, size, value);
            if (Memory.IsWatched(PageOf(physical))) CountWatched(Memory.TellStore(new GuestAddress(physical), size));
            return true;
        }

        Memory.TryWrite(new GuestAddress(physical), bytes[..first]);
        Memory.TryWrite(new GuestAddress(physicalNext), bytes[first..size]);
        if (Memory.IsWatched(PageOf(physical)) || Memory.IsWatched(PageOf(physicalNext))) CountWatched(Memory.TellStore());
        return true;
    }

    /// <summary>Makes an atomic's page accessible so that its handler can be run again. False when it trapped.</summary>
    public bool PrepareAtomic(Op* op)
    {
        uint instruction = (uint)op->Immediate;
        int size = 1 << (int)(instruction >> 12 & 3);
        ulong address = State->X[op->Rs1];
        // LR asks to read; everything else, SC included, to write.
        AccessKind access = instruction >> 27 == 2 ? AccessKind.Load : AccessKind.Store;
        if ((address & (ulong)(size - 1)) != 0)
            return Fail(op, access == AccessKind.Load ? ExceptionCode.LoadAddressMisaligned : ExceptionCode.StoreAddressMisaligned, address);
        if (!Mmu.TryTranslate(address, access, DataContext, out ulong physical)) return Fail(op, Mmu.Fault, address);
        // An atomic that writes asks for read permission too, which a write-only mapping cannot have.
        if (!Memory.Contains(new GuestAddress(physical), (ulong)size)) return Fail(op, Mmu.AccessFaultOf(access), address);
        int page = PageOf(physical);
        if (access == AccessKind.Load || !Memory.IsWatched(page)) return true;
        Mmu.PermitWrite(address, DataContext);
        Request(new HartRequest(HartRequestKind.RewatchPage, (ulong)page, 0));
        return true;
    }

    /// <summary>Writes a loaded value to its register.</summary>
    public void FinishLoad(MmioTarget target, int register, int size, ulong value)
    {
        int shift = 64 - (8 * size);
        switch (target)
        {
            case MmioTarget.Signed: State->X[register] = (ulong)((long)(value << shift) >> shift); break;
            case MmioTarget.Unsigned: State->X[register] = value << shift >> shift; break;
            case MmioTarget.Float: State->F[register] = size == 4 ? 0xffff_ffff_0000_0000 | (uint)value : value; break;
        }
    }

    /// <summary>Asks for host memory before a page is written; without it the hart leaves, to execute the instruction again.</summary>
    internal bool TryCharge(int page)
    {
        if (Memory.TryCharge(page)) return true;
        State->Exit = ExitKind.Memory;
        return false;
    }

    /// <summary>Raises what a translation ended in, unless it only lacked host memory.</summary>
    internal void RaiseFault(ulong address)
    {
        if (State->Exit != ExitKind.Memory) RaiseException(Mmu.Fault, address);
    }

    /// <summary>Counts what a store to the watched word was: an exit to HTIF, which is no device on the bus.</summary>
    private void CountWatched(WatchedStore store)
    {
        if (store == WatchedStore.Ignored) return;
        Counters.Store(DeviceKind.Htif);
        if (store == WatchedStore.Ended) Counters.Exit(ExitCause.ResetAndPower);
    }

    private static MmioTarget TargetOf(Op* load)
    {
        if ((load->Rs2 & Op.FloatAccess) != 0) return MmioTarget.Float;
        return (load->Rs2 & 4) != 0 ? MmioTarget.Unsigned : MmioTarget.Signed;
    }

    private bool TryTranslateData(Op* op, ulong address, int size, AccessKind access, out ulong physical, out ulong next)
    {
        TlbContext context = DataContext;
        next = 0;
        if (!Mmu.TryTranslate(address, access, context, out physical)) return Fail(op, Mmu.Fault, address);
        ulong last = address + (ulong)size - 1;
        if (((address ^ last) & TlbEntry.PageMask) == 0) return true;
        // The part on the next page starts at its first byte, which is also the address a fault reports.
        return Mmu.TryTranslate(last & TlbEntry.PageMask, access, context, out next) || Fail(op, Mmu.Fault, last & TlbEntry.PageMask);
    }

    private int PageOf(ulong physical) => (int)(physical - Memory.Start.Value >> GuestMemory.PageShift);

    private void StoreWhole(ulong physical, int size, ulong value)
    {
        // SAFETY: all of it lies in RAM, in one page; one host store keeps it whole for other harts.
        byte* host = Memory.Host + (physical - Memory.Start.Value);
        switch (size)
        {
            case 1: *host = (byte)value; break;
            case 2: *(ushort*)host = (ushort)value; break;
            case 4: *(uint*)host = (uint)value; break;
            default: *(ulong*)host = value; break;
        }
    }

    /// <summary>Leaves guest code so that the VMM asks the device; one that crosses pages or is misaligned faults.</summary>
    private bool LeaveForDevice(Op* op, AccessKind access, ulong address, ulong physical, int size)
    {
        if ((physical & (ulong)(size - 1)) != 0) return Fail(op, Mmu.AccessFaultOf(access), address);
        Handlers.Leave(State, op);
        State->Exit = access == AccessKind.Store ? ExitKind.MmioStore : ExitKind.MmioLoad;
        State->ExitAddress = physical;
        State->ExitVirtual = address;
        State->ExitSize = size;
        State->ExitLength = op->Length;
        if (access == AccessKind.Store) return false;
        State->ExitTarget = TargetOf(op);
        State->ExitRegister = op->Rd;
        return false;
    }

    private bool Fail(Op* op, ExceptionCode code, ulong address)
    {
        Handlers.Leave(State, op);
        if (State->Exit != ExitKind.Memory) RaiseException(code, address);
        return false;
    }
}
