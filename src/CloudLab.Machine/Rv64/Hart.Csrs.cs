namespace CloudLab.Machine.Rv64;

/// <summary>The control and status registers (privileged specification, chapters 3 and 12).</summary>
internal sealed unsafe partial class Hart
{
    private const ulong MenvcfgStce = 1UL << 63;
    private const ulong MenvcfgAdue = 1UL << 61;
    private const ulong EnvcfgFiom = 1;
    private const ulong EnvcfgCbie = 3UL << 4;
    private const ulong EnvcfgCbcfe = 1UL << 6;
    private const ulong EnvcfgCbze = 1UL << 7;
    private const ulong EnvcfgCacheBlocks = EnvcfgCbie | EnvcfgCbcfe | EnvcfgCbze;
    private const ulong SenvcfgWritable = EnvcfgFiom | EnvcfgCacheBlocks;
    private const ulong MenvcfgWritable = MenvcfgStce | MenvcfgAdue | SenvcfgWritable;

    // MXL = 64 bits; extensions A C D F I M S U.
    private const ulong MisaValue = 2UL << 62 | 1UL << 0 | 1UL << 2 | 1UL << 3 | 1UL << 5 | 1UL << 8 | 1UL << 12 | 1UL << 18 | 1UL << 20;

    // The exceptions that can be delegated: all but ecall from M and the reserved ones.
    private const ulong DelegableExceptions = 0xb3ff;

    private ulong _mstatus;
    private ulong _medeleg;
    private ulong _mideleg;
    private ulong _mie;
    private ulong _mtvec;
    private ulong _mcounteren;
    private ulong _menvcfg;
    private ulong _mscratch;
    private ulong _mepc;
    private ulong _mcause;
    private ulong _mtval;
    private ulong _stvec;
    private ulong _scounteren;
    private ulong _senvcfg;
    private ulong _sscratch;
    private ulong _sepc;
    private ulong _scause;
    private ulong _stval;
    private ulong _satp;
    private ulong _instretOffset;
    private ulong _cycleOffset;

    /// <summary>The supervisor timer's deadline in guest ticks; all ones is never.</summary>
    public ulong Stimecmp { get; private set; }

    /// <summary>satp as the MMU reads it.</summary>
    public ulong Satp => _satp;

    /// <summary>Whether the hardware updates A and D bits (Svadu) instead of faulting (Svade).</summary>
    public bool UpdatesAccessedAndDirty => (_menvcfg & MenvcfgAdue) != 0;

    public bool MakesExecutableReadable => (_mstatus & StatusBits.Mxr) != 0;

    private bool HasSupervisorTimer => (_menvcfg & MenvcfgStce) != 0;

    private void ResetCsrs()
    {
        _mstatus = StatusBits.Uxl64 | StatusBits.Sxl64;
        _medeleg = _mideleg = _mie = _mtvec = _mcounteren = _menvcfg = _mscratch = _mepc = _mcause = _mtval = 0;
        _stvec = _scounteren = _senvcfg = _sscratch = _sepc = _scause = _stval = _satp = _instretOffset = _cycleOffset = 0;
        Stimecmp = ulong.MaxValue;
        // The other lines are the interrupt controllers', whose reset is theirs: a hart that is started again still has them.
        Interlocked.And(ref _lines, InterruptBits.SupervisorExternal | InterruptBits.Machine);
        _softwareExternal = 0;
    }

    /// <summary>Executes a CSR instruction (unprivileged specification, chapter 6). The pc is not moved.</summary>
    /// <param name="instruction">One of csrrw, csrrs, csrrc and their immediate forms.</param>
    /// <returns>False when it is illegal here; nothing has changed then.</returns>
    public bool ExecuteCsr(uint instruction)
    {
        uint number = instruction >> 20;
        uint source = instruction >> 15 & 31;
        uint function = instruction >> 12 & 7;
        ulong operand = (function & 4) != 0 ? source : State->X[source];
        bool isWrite = (function & 3) == 1 || source != 0;
        if ((uint)Privilege < (number >> 8 & 3) || (isWrite && number >> 10 == 3)) return false;
        if (!TryRead(number, out ulong old)) return false;
        if (isWrite)
        {
            ulong value = (function & 3) switch { 1 => operand, 2 => old | operand, _ => old & ~operand };
            if (number is Csr.Mip or Csr.Sip)
                WritePending(number, (function & 3) == 3 ? 0 : operand, (function & 3) switch { 1 => ~operand, 2 => 0, _ => operand });
            else if (!TryWrite(number, value)) return false;
        }

        uint rd = instruction >> 7 & 31;
        if (rd != 0) State->X[rd] = old;
        return true;
    }

    private bool TryRead(uint number, out ulong value)
    {
        value = 0;
        switch (number)
        {
            case Csr.Fflags or Csr.Frm or Csr.Fcsr: return TryReadFloat(number, out value);
            case Csr.Cycle or Csr.Instret or Csr.Time: return TryReadCounter(number, out value);
            case > Csr.Instret and <= Csr.LastCounter: return Privilege == Privilege.Machine;
            case Csr.Sstatus: value = ReadStatus() & SstatusMask; return true;
            case Csr.Sie: value = _mie & _mideleg; return true;
            case Csr.Stvec: value = _stvec; return true;
            case Csr.Scounteren: value = _scounteren; return true;
            case Csr.Senvcfg: value = _senvcfg; return true;
            case Csr.Sscratch: value = _sscratch; return true;
            case Csr.Sepc: value = _sepc; return true;
            case Csr.Scause: value = _scause; return true;
            case Csr.Stval: value = _stval; return true;
            case Csr.Sip: value = Pending & _mideleg; return true;
            case Csr.Stimecmp: value = Stimecmp; return MayUseStimecmp();
            case Csr.Satp: value = _satp; return MayUseSatp();
            case >= Csr.Pmpcfg0 and < Csr.Pmpcfg0 + (Pmp.Count / 4) when number % 2 == 0: value = Pmp.ReadConfig((int)(number - Csr.Pmpcfg0)); return true;
            case >= Csr.Pmpaddr0 and < Csr.Pmpaddr0 + Pmp.Count: value = Pmp.ReadAddress((int)(number - Csr.Pmpaddr0)); return true;
            default: return TryReadMachine(number, out value);
        }
    }

    private bool TryReadMachine(uint number, out ulong value)
    {
        (bool exists, value) = number switch
        {
            Csr.Mstatus => (true, ReadStatus()),
            Csr.Misa => (true, MisaValue),
            Csr.Medeleg => (true, _medeleg),
            Csr.Mideleg => (true, _mideleg),
            Csr.Mie => (true, _mie),
            Csr.Mtvec => (true, _mtvec),
            Csr.Mcounteren => (true, _mcounteren),
            Csr.Menvcfg => (true, _menvcfg),
            Csr.Mcountinhibit => (true, 0UL),
            Csr.Mscratch => (true, _mscratch),
            Csr.Mepc => (true, _mepc),
            Csr.Mcause => (true, _mcause),
            Csr.Mtval => (true, _mtval),
            Csr.Mip => (true, Pending),
            Csr.Mcycle => (true, InstructionsNow + _cycleOffset),
            Csr.Minstret => (true, InstructionsNow + _instretOffset),
            Csr.Mvendorid or Csr.Marchid or Csr.Mimpid or Csr.Mconfigptr => (true, 0UL),
            Csr.Mhartid => (true, (ulong)Id),
            _ => (IsUnusedMonitor(number), 0UL),
        };
        return exists;
    }

    /// <summary>mhpmcounter3–31 and mhpmevent3–31: they exist and are zero (3.1.10).</summary>
    private static bool IsUnusedMonitor(uint number) => (number & ~31u) is Csr.Mcycle or Csr.Mcountinhibit && (number & 31) >= 3;

    private bool TryWrite(uint number, ulong value)
    {
        switch (number)
        {
            case Csr.Fflags: State->FloatFlags = (uint)value & 31; State->FloatState = 3; return true;
            case Csr.Frm: State->FloatRounding = (uint)value & 7; State->FloatState = 3; return true;
            case Csr.Fcsr:
                State->FloatFlags = (uint)value & 31;
                State->FloatRounding = (uint)value >> 5 & 7;
                State->FloatState = 3;
                return true;
            case Csr.Sstatus: WriteStatus(value, StatusBits.SupervisorWritable); return true;
            case Csr.Sie: _mie = (_mie & ~_mideleg) | (value & _mideleg); return true;
            case Csr.Stvec: _stvec = TrapVector(value, _stvec); return true;
            case Csr.Scounteren: _scounteren = value & 7; return true;
            case Csr.Senvcfg: _senvcfg = value & SenvcfgWritable; UpdateContext(); return true;
            case Csr.Sscratch: _sscratch = value; return true;
            case Csr.Sepc: _sepc = value & ~1UL; return true;
            case Csr.Scause: _scause = value; return true;
            case Csr.Stval: _stval = value; return true;
            case Csr.Stimecmp: Stimecmp = value; UpdateTimers(); return true;
            case Csr.Satp: WriteSatp(value); return true;
            default: return TryWriteMachine(number, value);
        }
    }

    private bool TryWriteMachine(uint number, ulong value)
    {
        switch (number)
        {
            case Csr.Mstatus: WriteStatus(value, StatusBits.MachineWritable); return true;
            case Csr.Medeleg: _medeleg = value & DelegableExceptions; return true;
            case Csr.Mideleg: _mideleg = value & InterruptBits.Supervisor; return true;
            case Csr.Mie: _mie = value & (InterruptBits.Supervisor | InterruptBits.Machine); return true;
            case Csr.Mtvec: _mtvec = TrapVector(value, _mtvec); return true;
            case Csr.Mcounteren: _mcounteren = value & 7; return true;
            case Csr.Menvcfg: WriteMenvcfg(value); return true;
            case Csr.Mscratch: _mscratch = value; return true;
            case Csr.Mepc: _mepc = value & ~1UL; return true;
            case Csr.Mcause: _mcause = value; return true;
            case Csr.Mtval: _mtval = value; return true;
            // The next instruction reads what this one wrote, which does not count itself.
            case Csr.Mcycle: _cycleOffset = value - (InstructionsNow + 1); return true;
            case Csr.Minstret: _instretOffset = value - (InstructionsNow + 1); return true;
            case >= Csr.Pmpcfg0 and < Csr.Pmpcfg0 + (Pmp.Count / 4) when number % 2 == 0:
                Pmp.WriteConfig((int)(number - Csr.Pmpcfg0), value);
                Mmu.FlushAll();
                return true;
            case >= Csr.Pmpaddr0 and < Csr.Pmpaddr0 + Pmp.Count:
                Pmp.WriteAddress((int)(number - Csr.Pmpaddr0), value);
                Mmu.FlushAll();
                return true;
            // WARL fields that stay what they are.
            case Csr.Misa or Csr.Mcountinhibit: return true;
            default: return IsUnusedMonitor(number);
        }
    }

    private const ulong SstatusMask = StatusBits.SupervisorWritable | StatusBits.Fs | StatusBits.Uxl64 | StatusBits.Sd;

    private ulong ReadStatus()
    {
        ulong floatState = State->FloatState;
        return _mstatus | floatState << StatusBits.FsShift | (floatState == 3 ? StatusBits.Sd : 0);
    }

    private void WriteStatus(ulong value, ulong writable)
    {
        ulong old = _mstatus;
        _mstatus = (old & ~writable) | (value & writable);
        // MPP is WARL: 2 is no mode.
        if ((_mstatus & StatusBits.Mpp) == 2UL << StatusBits.MppShift) _mstatus = (_mstatus & ~StatusBits.Mpp) | (old & StatusBits.Mpp);
        State->FloatState = (uint)(value >> StatusBits.FsShift) & 3;
        if (((old ^ _mstatus) & StatusBits.Mxr) != 0) Mmu.FlushAll();
        UpdateContext();
    }

    private void WriteSatp(ulong value)
    {
        // An unsupported mode leaves all of satp as it was (12.1.11).
        if (value >> 60 is not (Mmu.ModeBare or Mmu.ModeSv39 or Mmu.ModeSv48)) return;
        if (value == _satp) return;
        _satp = value;
        Mmu.UseSpace(value);
        UpdateContext();
    }

    private void WriteMenvcfg(ulong value)
    {
        _menvcfg = value & MenvcfgWritable;
        UpdateTimers();
        UpdateContext();
        Mmu.FlushTranslations();
    }

    /// <summary>
    /// Writes mip or sip. Bits are set and cleared one by one, so that a line that another thread drives at the same
    /// time keeps its level; SEIP's pin is not written, and what is read of it is not written back.
    /// </summary>
    private void WritePending(uint number, ulong set, ulong cleared)
    {
        ulong writable = number == Csr.Sip ? InterruptBits.SupervisorSoftware & _mideleg
            : HasSupervisorTimer ? InterruptBits.SupervisorSoftware
            : InterruptBits.SupervisorSoftware | InterruptBits.SupervisorTimer;
        Interlocked.Or(ref _lines, set & writable);
        Interlocked.And(ref _lines, ~(cleared & writable));
        if (number == Csr.Sip) return;
        ulong external = (_softwareExternal & ~cleared) | set;
        Volatile.Write(ref _softwareExternal, external & InterruptBits.SupervisorExternal);
    }

    /// <summary>Direct (0) and vectored (1) modes; a reserved one keeps the old mode.</summary>
    private static ulong TrapVector(ulong value, ulong old) => (value & 2) == 0 ? value : (value & ~3UL) | (old & 3);

    private bool MayUseSatp() => Privilege == Privilege.Machine || (_mstatus & StatusBits.Tvm) == 0;

    private bool MayUseStimecmp() =>
        Privilege == Privilege.Machine || (HasSupervisorTimer && (_mcounteren & 2) != 0);

    private bool TryReadFloat(uint number, out ulong value)
    {
        uint flags = State->FloatFlags, rounding = State->FloatRounding;
        value = number switch { Csr.Fflags => flags, Csr.Frm => rounding, _ => rounding << 5 | flags };
        return State->FloatState != 0;
    }

    private bool TryReadCounter(uint number, out ulong value)
    {
        value = number == Csr.Time ? Time.Ticks : InstructionsNow + (number == Csr.Cycle ? _cycleOffset : _instretOffset);
        ulong bit = 1UL << (int)(number & 31);
        return Privilege == Privilege.Machine
            || ((_mcounteren & bit) != 0 && (Privilege == Privilege.Supervisor || (_scounteren & bit) != 0));
    }
}
