using CloudLab.Machine.Rv64;
using CloudLab.Machine.Scheduling;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Exceptions, delegation, returns: cause, tval, epc, status stack, vector.</summary>
public sealed class TrapTests
{
    private const ulong MachineVector = TestHart.Ram + 0x1000;
    private const ulong SupervisorVector = TestHart.Ram + 0x2000;
    private const ulong UserCode = TestHart.Ram + 0x3000;

    public static TheoryData<uint, int, ulong> Faulting => new()
    {
        { 0xffff_ffff, 2, 0xffff_ffff },
        { 0x0000_0000, 2, 0 },
        { Ebreak, 3, UserCode },
        { Lw(A1, A0, 0), 5, 0x4000_0000 },
        { Lw(A1, A0, 1), 5, 0x4000_0001 },
        { Ld(Zero, A0, 0), 5, 0x4000_0000 },
        { Sd(A1, A0, 8), 7, 0x4000_0008 },
        { Amo(2, 2, A1, A0, Zero), 5, 0x4000_0000 },
        { Amo(0, 3, A1, A0, A1), 7, 0x4000_0000 },
        { Amo(2, 3, A1, A2, Zero), 4, TestHart.Ram + 4 },
        { Amo(1, 3, A1, A2, Zero), 6, TestHart.Ram + 4 },
        { Amo(3, 3, A1, A2, Zero), 6, TestHart.Ram + 4 },
        { Ecall, 8, 0 },
        { Mret, 2, Mret },
        { Sret, 2, Sret },
        { Wfi, 2, Wfi },
        { SfenceVma(0, 0), 2, SfenceVma(0, 0) },
        { Csrr(A1, Csr.Sstatus), 2, Csrr(A1, Csr.Sstatus) },
        { Csrr(A1, Csr.Cycle), 2, Csrr(A1, Csr.Cycle) },
    };

    [Theory]
    [MemberData(nameof(Faulting))]
    public void An_exception_of_user_code_reaches_machine_mode_with_cause_value_and_place(uint instruction, int cause, ulong value)
    {
        using TestHart hart = InUserMode(instruction);
        hart.SetCsrBits(Csr.Mstatus, StatusBits.Mie);
        hart.Run();
        Assert.Equal((ulong)cause, hart.ReadCsr(Csr.Mcause));
        Assert.Equal(value, hart.ReadCsr(Csr.Mtval));
        Assert.Equal(UserCode, hart.ReadCsr(Csr.Mepc));
        Assert.Equal(MachineVector, hart.Pc);
        Assert.Equal(Privilege.Machine, hart.Hart.Privilege);
        ulong status = hart.ReadCsr(Csr.Mstatus);
        Assert.Equal(StatusBits.Mpie, status & (StatusBits.Mie | StatusBits.Mpie | StatusBits.Mpp));
        Assert.Equal(1UL, hart.Hart.Counters.ReadExceptions((ExceptionCode)cause));
    }

    [Theory]
    [MemberData(nameof(Faulting))]
    public void A_delegated_exception_reaches_supervisor_mode_and_leaves_machine_state_alone(uint instruction, int cause, ulong value)
    {
        using TestHart hart = InUserMode(instruction);
        hart.WriteCsr(Csr.Medeleg, 1UL << cause);
        hart.SetCsrBits(Csr.Mstatus, StatusBits.Sie | StatusBits.Spp);
        hart.Run();
        Assert.Equal((ulong)cause, hart.ReadCsr(Csr.Scause));
        Assert.Equal(value, hart.ReadCsr(Csr.Stval));
        Assert.Equal(UserCode, hart.ReadCsr(Csr.Sepc));
        Assert.Equal(SupervisorVector, hart.Pc);
        Assert.Equal(Privilege.Supervisor, hart.Hart.Privilege);
        Assert.Equal(StatusBits.Spie, hart.ReadCsr(Csr.Mstatus) & (StatusBits.Sie | StatusBits.Spie | StatusBits.Spp));
        Assert.Equal(0UL, hart.ReadCsr(Csr.Mcause));
    }

    [Fact]
    public void An_illegal_compressed_instruction_reports_its_16_bits()
    {
        using TestHart hart = InUserMode(0x0001_8002); // c.jr x0, reserved.
        hart.Run();
        Assert.Equal(0x8002UL, hart.ReadCsr(Csr.Mtval));
    }

    [Fact]
    public void Machine_mode_traps_to_itself_whatever_is_delegated()
    {
        using TestHart hart = TestHart.InMachineMode(Ecall);
        hart.WriteCsr(Csr.Medeleg, ulong.MaxValue);
        hart.WriteCsr(Csr.Mtvec, MachineVector);
        hart.Write(MachineVector, Bytes(Jump(0)));
        hart.Run();
        Assert.Equal(11UL, hart.ReadCsr(Csr.Mcause));
        Assert.Equal(StatusBits.Mpp, hart.ReadCsr(Csr.Mstatus) & StatusBits.Mpp);
    }

    [Fact]
    public void An_exception_is_precise_in_the_middle_of_a_block()
    {
        using TestHart hart = InUserMode(Addi(A3, Zero, 1), Addi(A3, A3, 1), Lw(A3, A0, 4), Addi(A3, A3, 1));
        ulong before = hart.Vcpu.Instructions;
        hart.Write(MachineVector, Bytes(Wfi));
        Assert.Equal(VcpuExit.Waiting, hart.Run());
        Assert.Equal(2UL, hart.X(A3));
        Assert.Equal(UserCode + 8, hart.ReadCsr(Csr.Mepc));
        Assert.Equal(before + 3, hart.Vcpu.Instructions);
    }

    [Fact]
    public void A_jump_to_where_nothing_is_faults_at_the_target()
    {
        using TestHart hart = InUserMode(Jalr(Ra, A0, 6));
        hart.Run();
        Assert.Equal(1UL, hart.ReadCsr(Csr.Mcause));
        Assert.Equal(0x4000_0006UL, hart.ReadCsr(Csr.Mepc));
        Assert.Equal(0x4000_0006UL, hart.ReadCsr(Csr.Mtval));
        Assert.Equal(UserCode + 4, hart.X(Ra));
    }

    [Theory]
    [InlineData(0UL, Privilege.User)]
    [InlineData(1UL, Privilege.Supervisor)]
    [InlineData(3UL, Privilege.Machine)]
    public void Mret_returns_to_the_previous_mode_and_pops_the_stack(ulong previous, object mode)
    {
        using TestHart hart = TestHart.InMachineMode(Mret);
        hart.WriteCsr(Csr.Mepc, UserCode);
        hart.Write(UserCode, Bytes(Jump(0)));
        hart.WriteCsr(Csr.Mstatus, previous << StatusBits.MppShift | StatusBits.Mpie | StatusBits.Mprv);
        hart.Run();
        Assert.Equal(UserCode, hart.Pc);
        Assert.Equal((Privilege)mode, hart.Hart.Privilege);
        ulong expected = StatusBits.Mie | StatusBits.Mpie | (previous == 3 ? StatusBits.Mprv : 0);
        Assert.Equal(expected, hart.ReadCsr(Csr.Mstatus) & (StatusBits.Mie | StatusBits.Mpie | StatusBits.Mpp | StatusBits.Mprv));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sret_returns_to_the_previous_mode_and_pops_the_stack(bool toSupervisor)
    {
        using TestHart hart = TestHart.InMachineMode(Sret);
        hart.WriteCsr(Csr.Sepc, UserCode);
        hart.Write(UserCode, Bytes(Jump(0)));
        hart.WriteCsr(Csr.Mstatus, (toSupervisor ? StatusBits.Spp : 0) | StatusBits.Spie | StatusBits.Mprv);
        hart.Run();
        Assert.Equal(toSupervisor ? Privilege.Supervisor : Privilege.User, hart.Hart.Privilege);
        Assert.Equal(
            StatusBits.Sie | StatusBits.Spie,
            hart.ReadCsr(Csr.Mstatus) & (StatusBits.Sie | StatusBits.Spie | StatusBits.Spp | StatusBits.Mprv));
    }

    [Theory]
    [InlineData(Sret, StatusBits.Tsr)]
    [InlineData(Wfi, StatusBits.Tw)]
    [InlineData(0x1200_0073u, StatusBits.Tvm)]
    [InlineData(0x1800_2573u, StatusBits.Tvm)] // csrr a0, satp
    [InlineData(0x1800_1073u, StatusBits.Tvm)] // csrw satp, x0
    public void A_trap_bit_of_mstatus_makes_the_instruction_illegal_in_supervisor_mode_only(uint instruction, ulong bit)
    {
        foreach (bool isSet in new[] { false, true })
        {
            using TestHart hart = InUserMode(instruction, Jump(0));
            hart.WriteCsr(Csr.Sepc, UserCode + 4);
            hart.SetCsrBits(Csr.Mstatus, (isSet ? bit : 0) | StatusBits.Spp);
            hart.Hart.SetPrivilege(Privilege.Supervisor);
            hart.Run();
            Assert.Equal(isSet ? 2UL : 0, hart.ReadCsr(Csr.Mcause));
        }

        using TestHart machine = TestHart.InMachineMode(instruction, Jump(0));
        machine.WriteCsr(Csr.Mtvec, MachineVector);
        machine.WriteCsr(Csr.Sepc, UserCode);
        machine.Write(UserCode, Bytes(Jump(0)));
        machine.SetCsrBits(Csr.Mstatus, bit);
        machine.Run();
        Assert.Equal(0UL, machine.Hart.Counters.ReadExceptions(ExceptionCode.IllegalInstruction));
    }

    [Theory]
    [InlineData(0x1200_00f3u)] // sfence.vma with rd
    [InlineData(0x0020_0073u)] // uret
    [InlineData(0x0000_8073u)] // ecall with rs1
    [InlineData(0x0000_4073u)] // funct3 4
    public void Reserved_system_encodings_are_illegal_in_machine_mode_too(uint instruction)
    {
        using TestHart hart = TestHart.InMachineMode(instruction, Jump(0));
        hart.WriteCsr(Csr.Mtvec, MachineVector);
        hart.Write(MachineVector, Bytes(Jump(0)));
        hart.Run();
        Assert.Equal(2UL, hart.ReadCsr(Csr.Mcause));
        Assert.Equal(instruction, hart.ReadCsr(Csr.Mtval));
    }

    /// <summary>A hart in U-mode at <see cref="UserCode"/>; a0 is an address where nothing is, a2 a misaligned one in RAM.</summary>
    private static TestHart InUserMode(params uint[] code)
    {
        TestHart hart = TestHart.InMachineMode();
        hart.WriteCsr(Csr.Mtvec, MachineVector);
        hart.WriteCsr(Csr.Stvec, SupervisorVector);
        hart.Write(MachineVector, Bytes(Jump(0)));
        hart.Write(SupervisorVector, Bytes(Jump(0)));
        hart.Write(UserCode, Bytes(code));
        hart.SetX(A0, 0x4000_0000);
        hart.SetX(A2, TestHart.Ram + 4);
        hart.Pc = UserCode;
        hart.Hart.SetPrivilege(Privilege.User);
        return hart;
    }
}
