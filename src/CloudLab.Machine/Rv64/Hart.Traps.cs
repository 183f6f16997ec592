namespace CloudLab.Machine.Rv64;

/// <summary>Traps and interrupts (privileged specification, 3.1.6 to 3.1.16 and 12.1).</summary>
internal sealed unsafe partial class Hart
{
    private const ulong InterruptFlag = 1UL << 63;

    // Highest first: external, software, timer; machine before supervisor (3.1.9).
    private static readonly int[] InterruptPriority = [11, 3, 7, 9, 1, 5];

    private ulong _lines;

    // SEIP as M-mode software wrote it; the pin of the interrupt controller is apart (3.1.9).
    private ulong _softwareExternal;
    private ulong _machineDeadline = ulong.MaxValue;

    /// <summary>mip: the lines that are high, and what M-mode software set. Any thread may read it.</summary>
    public ulong Pending => Volatile.Read(ref _lines) | Volatile.Read(ref _softwareExternal);

    /// <summary>Whether an interrupt is pending and enabled in mie, which is what ends WFI, whatever mstatus says.</summary>
    public bool HasWakingInterrupt => (Pending & _mie) != 0;

    /// <summary>When the next timer interrupt that can end WFI is due, in guest ticks; all ones is never.</summary>
    public ulong Deadline => Math.Min(
        HasSupervisorTimer && (_mie & InterruptBits.SupervisorTimer) != 0 ? Stimecmp : ulong.MaxValue,
        (_mie & InterruptBits.MachineTimer) != 0 ? Volatile.Read(ref _machineDeadline) : ulong.MaxValue);

    /// <summary>Raises a synchronous exception for the instruction at pc.</summary>
    public void RaiseException(ExceptionCode code, ulong value)
    {
        Counters.Exception(code);
        ChargeTrap();
        EnterTrap((ulong)code, value, isDelegated: (_medeleg >> (int)code & 1) != 0);
    }

    public void RaiseIllegalInstruction(uint instruction) => RaiseException(ExceptionCode.IllegalInstruction, instruction);

    /// <summary>Takes the pending interrupt of highest priority, if one is enabled (3.1.9).</summary>
    public void TakeInterrupt()
    {
        ulong ready = Pending & _mie;
        if (ready == 0) return;
        bool machineEnabled = Privilege != Privilege.Machine || (_mstatus & StatusBits.Mie) != 0;
        bool supervisorEnabled = Privilege == Privilege.User
            || (Privilege == Privilege.Supervisor && (_mstatus & StatusBits.Sie) != 0);
        ulong toMachine = machineEnabled ? ready & ~_mideleg : 0;
        ulong taken = toMachine != 0 ? toMachine : supervisorEnabled ? ready & _mideleg : 0;
        if (taken == 0) return;
        foreach (int number in InterruptPriority)
        {
            if ((taken >> number & 1) == 0) continue;
            Counters.Interrupt(number);
            EnterTrap(InterruptFlag | (uint)number, 0, isDelegated: toMachine == 0);
            return;
        }
    }

    /// <summary>SRET. False when it is illegal here.</summary>
    public bool ReturnFromSupervisor()
    {
        if (Privilege == Privilege.User) return false;
        if (Privilege == Privilege.Supervisor && (_mstatus & StatusBits.Tsr) != 0) return false;
        Privilege previous = (_mstatus & StatusBits.Spp) != 0 ? Privilege.Supervisor : Privilege.User;
        bool enabled = (_mstatus & StatusBits.Spie) != 0;
        // SPP to U, and MPRV clear because the new mode is less than M (3.1.6.3).
        _mstatus = (_mstatus & ~(StatusBits.Sie | StatusBits.Spp | StatusBits.Mprv)) | StatusBits.Spie | (enabled ? StatusBits.Sie : 0);
        State->Pc = _sepc;
        SetPrivilege(previous);
        return true;
    }

    /// <summary>MRET. False when it is illegal here.</summary>
    public bool ReturnFromMachine()
    {
        if (Privilege != Privilege.Machine) return false;
        var previous = (Privilege)(_mstatus >> StatusBits.MppShift & 3);
        bool enabled = (_mstatus & StatusBits.Mpie) != 0;
        ulong cleared = StatusBits.Mie | StatusBits.Mpp | (previous == Privilege.Machine ? 0 : StatusBits.Mprv);
        _mstatus = (_mstatus & ~cleared) | StatusBits.Mpie | (enabled ? StatusBits.Mie : 0);
        State->Pc = _mepc;
        SetPrivilege(previous);
        return true;
    }

    /// <summary>Whether WFI may be executed here (3.3.3): U-mode may not, S-mode unless TW says otherwise.</summary>
    public bool MayWait => Privilege == Privilege.Machine || (Privilege == Privilege.Supervisor && (_mstatus & StatusBits.Tw) == 0);

    /// <summary>Whether SFENCE.VMA may be executed here.</summary>
    public bool MayFenceTranslations => Privilege == Privilege.Machine
        || (Privilege == Privilege.Supervisor && (_mstatus & StatusBits.Tvm) == 0);

    /// <summary>The SBI timer: the next supervisor timer interrupt is due at <paramref name="ticks"/>.</summary>
    public void SetSupervisorTimer(ulong ticks)
    {
        Stimecmp = ticks;
        UpdateTimers();
    }

    /// <summary>Drives the timer lines from the clock.</summary>
    public void UpdateTimers()
    {
        ulong now = Time.Ticks;
        if (HasSupervisorTimer) SetLine(InterruptBits.SupervisorTimer, now >= Stimecmp);
        SetLine(InterruptBits.MachineTimer, now >= Volatile.Read(ref _machineDeadline));
    }

    /// <summary>Drives an interrupt line. Any thread; the caller wakes the hart where it has to.</summary>
    public void SetLine(ulong bit, bool level)
    {
        if (level) Interlocked.Or(ref _lines, bit);
        else Interlocked.And(ref _lines, ~bit);
    }

    /// <summary>Sets the machine timer's deadline in guest ticks. Any thread.</summary>
    public void SetMachineDeadline(ulong ticks)
    {
        Volatile.Write(ref _machineDeadline, ticks);
        // At once: a handler that has moved the deadline on must not find its interrupt pending still.
        SetLine(InterruptBits.MachineTimer, Time.Ticks >= ticks);
    }

    private void EnterTrap(ulong cause, ulong value, bool isDelegated)
    {
        State->ReservationAddress = ulong.MaxValue;
        if (isDelegated && Privilege != Privilege.Machine) EnterSupervisorTrap(cause, value);
        else EnterMachineTrap(cause, value);
    }

    private void EnterSupervisorTrap(ulong cause, ulong value)
    {
        _scause = cause;
        _stval = value;
        _sepc = State->Pc;
        bool enabled = (_mstatus & StatusBits.Sie) != 0;
        _mstatus &= ~(StatusBits.Sie | StatusBits.Spie | StatusBits.Spp);
        if (enabled) _mstatus |= StatusBits.Spie;
        if (Privilege == Privilege.Supervisor) _mstatus |= StatusBits.Spp;
        State->Pc = VectorFor(_stvec, cause);
        SetPrivilege(Privilege.Supervisor);
    }

    private void EnterMachineTrap(ulong cause, ulong value)
    {
        _mcause = cause;
        _mtval = value;
        _mepc = State->Pc;
        bool enabled = (_mstatus & StatusBits.Mie) != 0;
        _mstatus &= ~(StatusBits.Mie | StatusBits.Mpie | StatusBits.Mpp);
        if (enabled) _mstatus |= StatusBits.Mpie;
        _mstatus |= (ulong)Privilege << StatusBits.MppShift;
        State->Pc = VectorFor(_mtvec, cause);
        SetPrivilege(Privilege.Machine);
    }

    private static ulong VectorFor(ulong vector, ulong cause)
    {
        ulong start = vector & ~3UL;
        return (vector & 1) != 0 && (cause & InterruptFlag) != 0 ? start + (4 * (cause & 0xffff)) : start;
    }
}
