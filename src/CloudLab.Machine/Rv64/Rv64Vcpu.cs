using CloudLab.Machine.Boot.Firmware;
using CloudLab.Machine.Devices;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64.Interpreter;
using CloudLab.Machine.Scheduling;
using CloudLab.Machine.State;

namespace CloudLab.Machine.Rv64;

/// <summary>
/// A hart as the scheduler sees it: runs guest code, and emulates what guest code was left for.
/// </summary>
// SAFETY: the hart owns its state; the vCPU reads and writes it on the one thread that runs the hart, and lives no longer.
internal sealed unsafe class Rv64Vcpu : IVcpuEngine
{
    private const ushort StateVersion = 1;

    private readonly MmioBus _bus;
    private readonly InterpreterEngine _engine;
    private readonly Action _wake;
    private readonly Lock _startLock = new();
    private int _runState = (int)HartRunState.Stopped;
    private ulong _startPc;
    private ulong _startArgument;
    private bool _startsInMachineMode;
    private volatile bool _isKicked;
    private volatile bool _isWaiting;

    /// <param name="hart">The hart.</param>
    /// <param name="bus">Where its device accesses go.</param>
    /// <param name="wake">Tells the scheduler that a waiting or halted vCPU may have something to do. Any thread.</param>
    public Rv64Vcpu(Hart hart, MmioBus bus, Action wake)
    {
        Hart = hart;
        _bus = bus;
        _wake = wake;
        _engine = new InterpreterEngine(hart);
    }

    public Hart Hart { get; }

    /// <summary>The firmware that the VMM plays, or null when the guest brings its own. Set before the first run.</summary>
    public SbiFirmware? Firmware { get; set; }

    public HartRunState RunState => (HartRunState)Volatile.Read(ref _runState);

    public bool IsRunnable => RunState switch
    {
        HartRunState.Stopped => false,
        HartRunState.StartPending => true,
        HartRunState.Started => !_isWaiting || Hart.HasWakingInterrupt || Hart.Time.Ticks >= Hart.Deadline,
    };

    public ulong Deadline => RunState == HartRunState.Started ? Hart.Deadline : ulong.MaxValue;

    public ulong Instructions => Hart.Counters.Instructions;

    /// <summary>Lets the hart begin in M-mode, as after power-on. The machine is being started.</summary>
    public void PowerOn(ulong pc, ulong argument)
    {
        _startsInMachineMode = true;
        TryStart(pc, argument);
    }

    /// <summary>Starts a stopped hart, in S-mode unless <see cref="PowerOn"/> does it. Any thread.</summary>
    /// <returns>False when it is not stopped.</returns>
    public bool TryStart(ulong pc, ulong argument)
    {
        lock (_startLock)
        {
            if (RunState != HartRunState.Stopped) return false;
            _startPc = pc;
            _startArgument = argument;
            Volatile.Write(ref _runState, (int)HartRunState.StartPending);
        }

        _wake();
        return true;
    }

    /// <summary>Drives an interrupt line and, when it is high, brings the hart to look at it. Any thread.</summary>
    public void SetLine(ulong bit, bool level)
    {
        Hart.SetLine(bit, level);
        if (!level) return;
        Hart.CallOut();
        _wake();
    }

    /// <summary>Sets the machine timer's deadline. Any thread.</summary>
    public void SetMachineDeadline(ulong ticks)
    {
        Hart.SetMachineDeadline(ticks);
        Hart.CallOut();
        _wake();
    }

    public void Kick()
    {
        _isKicked = true;
        Hart.CallOut();
    }

    public void Reset()
    {
        Volatile.Write(ref _runState, (int)HartRunState.Stopped);
        _isWaiting = false;
        Hart.Reset();
    }

    /// <summary>Writes the hart and whether it runs. It is not being run.</summary>
    public void Save(MachineStateWriter writer)
    {
        writer.Begin(StateSection.Hart, StateVersion, Hart.Id);
        writer.Write((byte)RunState);
        writer.Write(_isWaiting);
        writer.Write(_startsInMachineMode);
        writer.Write(_startPc);
        writer.Write(_startArgument);
        Hart.Save(writer);
        writer.End();
    }

    /// <summary>Takes over what <see cref="Save"/> wrote. The vCPU has not run.</summary>
    /// <exception cref="MachineException">It is in a state that no vCPU can be in.</exception>
    public void Restore(MachineStateReader reader)
    {
        reader.Open(StateSection.Hart, StateVersion, Hart.Id);
        int runState = reader.ReadByte((byte)HartRunState.StartPending);
        _isWaiting = reader.ReadBool();
        _startsInMachineMode = reader.ReadBool();
        _startPc = reader.ReadUInt64(ulong.MaxValue << 1);
        _startArgument = reader.ReadUInt64();
        Hart.Restore(reader);
        reader.Close();
        Volatile.Write(ref _runState, runState);
    }

    public VcpuExit Run(long instructions)
    {
        if (RunState == HartRunState.StartPending)
        {
            if (_startsInMachineMode) Hart.EnterMachine(_startPc, _startArgument);
            else Hart.EnterSupervisor(_startPc, _startArgument);
            _isWaiting = false;
            Volatile.Write(ref _runState, (int)HartRunState.Started);
        }

        if (RunState == HartRunState.Stopped) return VcpuExit.Halted;
        Hart.EnterGuest();
        Hart.BeginSlice(instructions);
        try
        {
            Hart.UpdateTimers();
            return RunSlice();
        }
        finally
        {
            Hart.EndSlice();
            Hart.LeaveGuest();
        }
    }

    public void ReadCounters(IDictionary<string, ulong> exits, IDictionary<string, ulong> traps)
    {
        HartCounters counters = Hart.Counters;
        foreach (ExitCause cause in Enum.GetValues<ExitCause>()) exits.Add(CounterNames.Of(cause), counters.ReadExits(cause));
        foreach (DeviceKind device in Enum.GetValues<DeviceKind>())
        {
            exits.Add(CounterNames.OfLoads(device), counters.ReadLoads(device));
            exits.Add(CounterNames.OfStores(device), counters.ReadStores(device));
        }

        foreach (ExceptionCode code in Enum.GetValues<ExceptionCode>()) traps.Add(CounterNames.Of(code), counters.ReadExceptions(code));
        foreach ((int number, string name) in CounterNames.Interrupts) traps.Add(name, counters.ReadInterrupts(number));
    }

    public void Dispose() => Hart.Dispose();

    private VcpuExit RunSlice()
    {
        while (true)
        {
            Hart.ServeRequests();
            if (_isKicked)
            {
                _isKicked = false;
                return VcpuExit.Kicked;
            }

            if (_isWaiting)
            {
                if (!Hart.HasWakingInterrupt)
                {
                    Hart.TrimIdleCode();
                    return VcpuExit.Waiting;
                }

                _isWaiting = false;
            }

            Hart.TakeInterrupt();
            switch (_engine.Run())
            {
                case ExitKind.Budget: return VcpuExit.Budget;
                case ExitKind.Instruction: Emulate(Hart.State->ExitInstruction); break;
                case ExitKind.MmioLoad: LoadFromDevice(); break;
                case ExitKind.MmioStore: StoreToDevice(); break;
                case ExitKind.Attention or ExitKind.None or ExitKind.Memory: break;
            }

            // An emulated instruction may end so, too. The machine has been told, and will park this vCPU.
            if (Hart.State->Exit == ExitKind.Memory) return VcpuExit.Kicked;

            if (RunState != HartRunState.Started) return VcpuExit.Halted;
        }
    }

    private void Emulate(uint instruction)
    {
        if ((instruction & 0x707f) == 0x200f) OperateOnCacheBlock(instruction);
        else if ((instruction & 0x7f) == 0x0f) CodeFence();
        else if ((instruction >> 12 & 7) != 0) AccessCsr(instruction);
        else if (instruction >> 25 == 9 && (instruction >> 7 & 31) == 0) FenceTranslations(instruction);
        else EmulatePrivileged(instruction);
    }

    private void EmulatePrivileged(uint instruction)
    {
        switch (instruction)
        {
            case 0x0000_0073: EnvironmentCall(); break;
            case 0x0010_0073: Hart.RaiseException(ExceptionCode.Breakpoint, Hart.State->Pc); break;
            case 0x1020_0073: Return(Hart.ReturnFromSupervisor()); break;
            case 0x3020_0073: Return(Hart.ReturnFromMachine()); break;
            case 0x1050_0073: Wait(); break;
            default: Hart.RaiseIllegalInstruction(instruction); break;
        }
    }

    private void CodeFence()
    {
        // Writers drop decoded code as they write, and requests of other harts are served before the next block.
        Hart.Counters.Exit(ExitCause.CacheMaintenance);
        Hart.AwaitWithdrawals();
        Hart.State->LinkSlot = null;
        Advance();
    }

    private void OperateOnCacheBlock(uint instruction)
    {
        switch (Hart.ExecuteCacheBlock(instruction))
        {
            case CacheBlockResult.Done:
                Hart.Counters.Exit(ExitCause.CacheMaintenance);
                Advance();
                break;
            case CacheBlockResult.Illegal:
                Hart.RaiseIllegalInstruction(instruction);
                break;
            case CacheBlockResult.Trapped:
                break;
        }
    }

    private void AccessCsr(uint instruction)
    {
        uint number = instruction >> 20;
        if (!Hart.ExecuteCsr(instruction))
        {
            Hart.RaiseIllegalInstruction(instruction);
            return;
        }

        // Registers of unprivileged code (0x000 to 0x0ff, 0xc00 to 0xcff) are no business of the VMM's.
        if ((number & 0x300) != 0) Hart.Counters.Exit(number == Csr.Satp ? ExitCause.AddressMapping : ExitCause.SystemRegister);
        Advance();
    }

    private void FenceTranslations(uint instruction)
    {
        if (!Hart.MayFenceTranslations)
        {
            Hart.RaiseIllegalInstruction(instruction);
            return;
        }

        Hart.Counters.Exit(ExitCause.TlbInvalidation);
        // x0 as an operand stands for all, which a register that holds 0 does not.
        uint rs1 = instruction >> 15 & 31, rs2 = instruction >> 20 & 31;
        ulong address = Hart.State->X[rs1], asid = Hart.State->X[rs2];
        switch (rs1 != 0, rs2 != 0)
        {
            case (false, false): Hart.Mmu.FlushTranslations(); break;
            case (false, true): Hart.Mmu.FlushAsid(asid); break;
            case (true, false): Hart.Mmu.FlushAddress(address); break;
            case (true, true): Hart.Mmu.FlushAddress(address, asid); break;
        }

        Advance();
    }

    private void EnvironmentCall()
    {
        if (Hart.Privilege == Privilege.Supervisor && Hart.IsFirmwarePlayed && Firmware is not null)
        {
            // The call may stop the hart or move its pc; it returns to the next instruction unless it does.
            Advance();
            Firmware.Call(this);
            return;
        }

        Hart.RaiseException(
            Hart.Privilege switch
            {
                Privilege.User => ExceptionCode.EcallFromUser,
                Privilege.Supervisor => ExceptionCode.EcallFromSupervisor,
                Privilege.Machine => ExceptionCode.EcallFromMachine,
            },
            0);
    }

    private void Return(bool isLegal)
    {
        if (!isLegal)
        {
            Hart.RaiseIllegalInstruction(Hart.State->ExitInstruction);
            return;
        }

        Hart.Counters.Exit(ExitCause.ModeChange);
        Hart.State->Countdown--;
    }

    private void Wait()
    {
        if (!Hart.MayWait)
        {
            Hart.RaiseIllegalInstruction(Hart.State->ExitInstruction);
            return;
        }

        Hart.Counters.Exit(ExitCause.Halt);
        Advance();
        Hart.UpdateTimers();
        _isWaiting = !Hart.HasWakingInterrupt;
    }

    /// <summary>Puts the hart to sleep until an interrupt, as WFI does.</summary>
    public void Suspend() => _isWaiting = true;

    /// <summary>Stops the hart until <see cref="TryStart"/>.</summary>
    public void Stop() => Volatile.Write(ref _runState, (int)HartRunState.Stopped);

    private void LoadFromDevice()
    {
        HartState* h = Hart.State;
        bool isThere = _bus.TryFind(h->ExitAddress, h->ExitSize, out IMmioDevice? device, out DeviceKind kind, out ulong offset);
        Hart.Counters.Load(kind);
        if (!isThere)
        {
            Hart.RaiseException(ExceptionCode.LoadAccessFault, h->ExitVirtual);
            return;
        }

        Hart.FinishLoad(h->ExitTarget, h->ExitRegister, h->ExitSize, device!.Read(offset, h->ExitSize));
        Advance();
    }

    private void StoreToDevice()
    {
        HartState* h = Hart.State;
        bool isThere = _bus.TryFind(h->ExitAddress, h->ExitSize, out IMmioDevice? device, out DeviceKind kind, out ulong offset);
        Hart.Counters.Store(kind);
        if (!isThere)
        {
            Hart.RaiseException(ExceptionCode.StoreAccessFault, h->ExitVirtual);
            return;
        }

        if (kind == DeviceKind.Test && TestDevice.IsCommand(offset, h->ExitSize, h->ExitValue)) Hart.Counters.Exit(ExitCause.ResetAndPower);
        device!.Write(offset, h->ExitSize, h->ExitValue);
        Advance();
    }

    /// <summary>The exiting instruction is done.</summary>
    private void Advance()
    {
        Hart.State->Pc += Hart.State->ExitLength;
        Hart.State->Countdown--;
    }
}
