using System.Runtime.InteropServices;
using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64.Interpreter;

namespace CloudLab.Machine.Rv64;

/// <summary>
/// One RV64 hart: the hot state that instructions touch, and the privileged state around it (CSRs, traps,
/// translation), which only slow paths and the VMM touch.
/// </summary>
/// <remarks>
/// <code>
///   Vcpu ── exits ──▶ Hart.Csrs, Hart.Traps          (emulation)
///     │                  │
///     ▼                  ▼
///   InterpreterEngine ▶ HartState ◀ Handlers          (guest code)
///                        ▲
///                 Hart.Memory, Mmu                    (TLB misses)
/// </code>
/// Owned by the thread that runs the hart; only <see cref="SetLine"/> and the request methods in
/// <c>Hart.Requests.cs</c> may be called by others.
/// </remarks>
internal sealed unsafe partial class Hart : IMemoryObserver, IDisposable
{
    private readonly HostMapping _stateMapping;
    private readonly GCHandle _self;
    private readonly IdleTrim _idleTrim;

    public Hart(int id, GuestMemory memory, IGuestTime time, ulong codeCacheSize = CodeCache.DefaultSize)
    {
        Id = id;
        Memory = memory;
        Time = time;
        ulong size = (ulong)sizeof(HartState) + 4095 & ~4095UL;
        _stateMapping = HostMapping.Anonymous(size + (ulong)(Mmu.EntryCount * sizeof(TlbEntry)));
        // SAFETY: the mapping is zeroed, page-aligned and lives until Dispose; the TLB's tables follow the state.
        State = (HartState*)_stateMapping.Pointer;
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        State->Owner = GCHandle.ToIntPtr(_self);
        Mmu = new Mmu(this, (TlbEntry*)(_stateMapping.Pointer + size));
        Code = new CodeCache(memory, codeCacheSize);
        _idleTrim = new IdleTrim(Code);
        State->Blocks = Code.Slots;
        State->Cold = ColdHandlers.Create();
        memory.AddObserver(this);
        Reset();
    }

    /// <summary>mhartid.</summary>
    public int Id { get; }

    public GuestMemory Memory { get; }

    public IGuestTime Time { get; }

    public Mmu Mmu { get; }

    public Pmp Pmp { get; } = new();

    public HartState* State { get; }

    /// <summary>The code decoded by this hart.</summary>
    public CodeCache Code { get; }

    /// <summary>The mode the hart is in.</summary>
    public Privilege Privilege { get; private set; }

    /// <summary>Exits and traps so far.</summary>
    public HartCounters Counters { get; } = new();

    /// <summary>Whether the VMM plays the firmware: then M-mode has no code, and <c>ecall</c> from S-mode is an SBI call.</summary>
    public bool IsFirmwarePlayed { get; set; }

    /// <summary>The hart whose state a handler was given.</summary>
    public static Hart Of(HartState* state)
    {
        // SAFETY: Owner was set by the constructor and the handle is freed by Dispose, after the last instruction.
        return (Hart)GCHandle.FromIntPtr(state->Owner).Target!;
    }

    /// <summary>The hart begins to wait: what it decoded may go, if it has been idle for long.</summary>
    public void TrimIdleCode()
    {
        if (_idleTrim.OnWait(Time.Ticks, InstructionsNow)) State->LinkSlot = null;
    }

    /// <summary>Returns to the state after power-on; RAM and devices are the machine's.</summary>
    public void Reset()
    {
        for (int i = 0; i < 32; i++)
        {
            State->X[i] = 0;
            State->F[i] = 0;
        }

        State->FloatFlags = 0;
        State->FloatRounding = 0;
        State->FloatState = 0;
        State->ReservationAddress = ulong.MaxValue;
        State->LinkSlot = null;
        State->Exit = ExitKind.None;
        State->Pc = 0;
        ResetCsrs();
        Pmp.Reset();
        Privilege = Privilege.Machine;
        Code.Reset();
        Mmu.FlushAll();
        Mmu.UseSpace(_satp);
        UpdateContext();
    }

    /// <summary>Enters S-mode at <paramref name="pc"/> as SBI firmware does: a0 is the hart's id, a1 <paramref name="argument"/>.</summary>
    public void EnterSupervisor(ulong pc, ulong argument)
    {
        Reset();
        IsFirmwarePlayed = true;
        // What the firmware delegates: all exceptions and the supervisor's interrupts; counters and stimecmp are open, to
        // U-mode too, because a kernel leaves scounteren as its firmware (OpenSBI) did.
        _medeleg = ulong.MaxValue;
        _mideleg = InterruptBits.Supervisor;
        _mcounteren = 7;
        _scounteren = 7;
        _menvcfg = MenvcfgStce | EnvcfgCacheBlocks;
        Pmp.AllowAll();
        State->X[10] = (ulong)Id;
        State->X[11] = argument;
        State->Pc = pc;
        SetPrivilege(Privilege.Supervisor);
    }

    /// <summary>Enters M-mode at <paramref name="pc"/> as after power-on: a0 is the hart's id, a1 <paramref name="argument"/>.</summary>
    public void EnterMachine(ulong pc, ulong argument)
    {
        Reset();
        IsFirmwarePlayed = false;
        State->X[10] = (ulong)Id;
        State->X[11] = argument;
        State->Pc = pc;
    }

    public void SetPrivilege(Privilege privilege)
    {
        Privilege = privilege;
        UpdateContext();
    }

    public void Dispose()
    {
        _self.Free();
        Code.Dispose();
        _stateMapping.Dispose();
    }
}
