using CloudLab.Machine.State;

namespace CloudLab.Machine.Rv64;

/// <summary>
/// What of a hart is saved: registers and CSRs. Decoded code and translations are made again; a reservation of LR is
/// dropped, which the specification allows at any time; the clock, exits and traps counted are the machine's own.
/// </summary>
internal sealed unsafe partial class Hart
{
    private const ulong EvenAddress = ulong.MaxValue << 1;

    /// <summary>Writes the hart, which is not running, into the open section.</summary>
    public void Save(MachineStateWriter writer)
    {
        writer.Write((byte)Privilege);
        writer.Write(IsFirmwarePlayed);
        writer.Write(State->Pc);
        for (int i = 1; i < 32; i++) writer.Write(State->X[i]);
        for (int i = 0; i < 32; i++) writer.Write(State->F[i]);
        writer.Write(State->FloatFlags);
        writer.Write(State->FloatRounding);
        writer.Write(State->FloatState);
        foreach (ulong register in (ReadOnlySpan<ulong>)
            [
                _mstatus, _medeleg, _mideleg, _mie, _mtvec, _mcounteren, _menvcfg, _mscratch, _mepc, _mcause, _mtval,
                _stvec, _scounteren, _senvcfg, _sscratch, _sepc, _scause, _stval, _satp,
            ])
            writer.Write(register);
        // Retired instructions are counted anew in another machine: the counters' values are saved, not their offsets.
        writer.Write(InstructionsNow + _cycleOffset);
        writer.Write(InstructionsNow + _instretOffset);
        writer.Write(Volatile.Read(ref _lines));
        writer.Write(_softwareExternal);
        writer.Write(Stimecmp);
        Pmp.Save(writer);
    }

    /// <summary>Takes over what <see cref="Save"/> wrote. The hart has not run.</summary>
    /// <exception cref="MachineException">It is in a state that no hart can be in.</exception>
    public void Restore(MachineStateReader reader)
    {
        Reset();
        byte privilege = reader.ReadByte((byte)Privilege.Machine);
        if (privilege == 2) reader.Refuse("is in a mode that does not exist");
        IsFirmwarePlayed = reader.ReadBool();
        State->Pc = reader.ReadUInt64(EvenAddress);
        for (int i = 1; i < 32; i++) State->X[i] = reader.ReadUInt64();
        for (int i = 0; i < 32; i++) State->F[i] = reader.ReadUInt64();
        State->FloatFlags = reader.ReadUInt32(31);
        State->FloatRounding = reader.ReadUInt32(7);
        State->FloatState = reader.ReadUInt32(3);
        RestoreMachineCsrs(reader);
        RestoreSupervisorCsrs(reader);
        _cycleOffset = reader.ReadUInt64() - InstructionsNow;
        _instretOffset = reader.ReadUInt64() - InstructionsNow;
        Volatile.Write(ref _lines, reader.ReadUInt64(InterruptBits.Supervisor | InterruptBits.Machine));
        _softwareExternal = reader.ReadUInt64(InterruptBits.SupervisorExternal);
        Stimecmp = reader.ReadUInt64();
        Pmp.Restore(reader);
        Mmu.UseSpace(_satp);
        SetPrivilege((Privilege)privilege);
    }

    private void RestoreMachineCsrs(MachineStateReader reader)
    {
        _mstatus = reader.ReadUInt64(StatusBits.MachineWritable | StatusBits.Uxl64 | StatusBits.Sxl64);
        if ((_mstatus & StatusBits.Mpp) == 2UL << StatusBits.MppShift) reader.Refuse("has a previous mode that does not exist");
        _medeleg = reader.ReadUInt64();
        _mideleg = reader.ReadUInt64(InterruptBits.Supervisor);
        _mie = reader.ReadUInt64(InterruptBits.Supervisor | InterruptBits.Machine);
        _mtvec = reader.ReadUInt64(~2UL);
        _mcounteren = reader.ReadUInt64(7);
        _menvcfg = reader.ReadUInt64(MenvcfgWritable);
        _mscratch = reader.ReadUInt64();
        _mepc = reader.ReadUInt64(EvenAddress);
        _mcause = reader.ReadUInt64();
        _mtval = reader.ReadUInt64();
    }

    private void RestoreSupervisorCsrs(MachineStateReader reader)
    {
        _stvec = reader.ReadUInt64(~2UL);
        _scounteren = reader.ReadUInt64(7);
        _senvcfg = reader.ReadUInt64(SenvcfgWritable);
        _sscratch = reader.ReadUInt64();
        _sepc = reader.ReadUInt64(EvenAddress);
        _scause = reader.ReadUInt64();
        _stval = reader.ReadUInt64();
        _satp = reader.ReadUInt64();
        if (_satp >> 60 is not (Mmu.ModeBare or Mmu.ModeSv39 or Mmu.ModeSv48)) reader.Refuse("translates in a mode that does not exist");
    }
}
