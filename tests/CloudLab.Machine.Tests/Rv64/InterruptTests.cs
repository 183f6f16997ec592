using CloudLab.Machine.Rv64;
using CloudLab.Machine.Scheduling;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Rv64;

/// <summary>Which interrupt is taken, where, and when WFI ends.</summary>
public sealed class InterruptTests
{
    private const ulong MachineVector = TestHart.Ram + 0x1000;
    private const ulong SupervisorVector = TestHart.Ram + 0x2000;
    private const ulong Loop = TestHart.Ram + 0x3000;
    private static readonly int[] Numbers = [1, 3, 5, 7, 9, 11];

    // Privileged specification 3.1.9, by the interrupt's number.
    private static readonly int[] Priority = [11, 3, 7, 9, 1, 5];

    [Fact]
    public void The_rules_of_enabling_delegation_and_priority_hold_in_every_combination()
    {
        Gen<ulong> bits = Gen.Int[0, 63].Select(set => Numbers.Where((_, i) => (set >> i & 1) != 0).Aggregate(0UL, (sum, n) => sum | 1UL << n));
        using TestHart hart = TestHart.InMachineMode();
        Gen.Select(bits, bits, bits, Gen.OneOf(Privilege.User, Privilege.Supervisor, Privilege.Machine), Gen.Bool, Gen.Bool).Sample(
            (pending, enabled, delegated, mode, mie, sie) =>
            {
                hart.StartMachine();
                Prepare(hart);
                foreach (int number in Numbers) hart.Hart.SetLine(1UL << number, (pending >> number & 1) != 0);
                // The timers' lines follow their clocks.
                hart.Hart.SetMachineDeadline((pending >> 7 & 1) != 0 ? 0 : ulong.MaxValue);
                hart.WriteCsr(Csr.Mie, enabled);
                hart.WriteCsr(Csr.Mideleg, delegated);
                hart.WriteCsr(Csr.Mstatus, (mie ? StatusBits.Mie : 0) | (sie ? StatusBits.Sie : 0));
                hart.Hart.SetPrivilege(mode);
                hart.Run();

                delegated &= InterruptBits.Supervisor;
                ulong ready = pending & enabled;
                ulong machine = mode != Privilege.Machine || mie ? ready & ~delegated : 0;
                ulong supervisor = mode == Privilege.User || (mode == Privilege.Supervisor && sie) ? ready & delegated : 0;
                ulong taken = machine != 0 ? machine : supervisor;
                int expected = Priority.FirstOrDefault(n => (taken >> n & 1) != 0);
                // A delegated interrupt taken first may be followed by none: the supervisor's handler runs with SIE clear.
                Assert.Equal(expected == 0 ? Loop : machine != 0 ? MachineVector : SupervisorVector, hart.Pc);
                if (expected != 0) Assert.Equal(1UL << 63 | (uint)expected, hart.ReadCsr(machine != 0 ? Csr.Mcause : Csr.Scause));
            },
            iter: 2000, threads: 1);
    }

    [Fact]
    public void A_vectored_handler_is_entered_at_its_interrupts_place_and_exceptions_at_the_base()
    {
        using TestHart hart = TestHart.InMachineMode();
        Prepare(hart);
        hart.WriteCsr(Csr.Mtvec, MachineVector | 1);
        for (int i = 0; i < 16; i++) hart.Write(MachineVector + ((ulong)i * 4), Bytes(Jump(0)));
        hart.WriteCsr(Csr.Mie, InterruptBits.MachineExternal);
        hart.Hart.SetLine(InterruptBits.MachineExternal, true);
        hart.SetCsrBits(Csr.Mstatus, StatusBits.Mie);
        hart.Run();
        Assert.Equal(MachineVector + 44, hart.Pc);
        Assert.Equal(Loop, hart.ReadCsr(Csr.Mepc));

        hart.Write(Loop, Bytes(Ecall));
        hart.Pc = Loop;
        hart.Run();
        Assert.Equal(MachineVector, hart.Pc);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Wfi_waits_for_an_enabled_interrupt_even_when_none_would_be_taken(bool taken)
    {
        using TestHart hart = TestHart.InMachineMode();
        Prepare(hart);
        hart.Write(Loop, Bytes(Wfi, Jump(0)));
        hart.WriteCsr(Csr.Mie, InterruptBits.MachineSoftware);
        if (taken) hart.SetCsrBits(Csr.Mstatus, StatusBits.Mie);
        Assert.Equal(VcpuExit.Waiting, hart.Run());
        Assert.Equal(Loop + 4, hart.Pc);
        Assert.False(hart.Vcpu.IsRunnable);

        hart.Vcpu.SetLine(InterruptBits.SupervisorSoftware, true);
        Assert.False(hart.Vcpu.IsRunnable);
        Assert.Equal(VcpuExit.Waiting, hart.Run());

        hart.Vcpu.SetLine(InterruptBits.MachineSoftware, true);
        Assert.True(hart.Vcpu.IsRunnable);
        Assert.Equal(VcpuExit.Budget, hart.Run());
        Assert.Equal(taken ? MachineVector : Loop + 4, hart.Pc);
        if (taken) Assert.Equal(Loop + 4, hart.ReadCsr(Csr.Mepc));
    }

    [Fact]
    public void Wfi_with_an_interrupt_pending_goes_on_at_once()
    {
        using TestHart hart = TestHart.InMachineMode();
        Prepare(hart);
        hart.Write(Loop, Bytes(Wfi, Jump(0)));
        hart.WriteCsr(Csr.Mie, InterruptBits.MachineSoftware);
        hart.Hart.SetLine(InterruptBits.MachineSoftware, true);
        Assert.Equal(VcpuExit.Budget, hart.Run());
        Assert.Equal(Loop + 4, hart.Pc);
    }

    [Fact]
    public void A_waiting_hart_with_its_timer_masked_has_no_deadline()
    {
        using TestHart hart = TestHart.InSupervisorMode(Wfi, Jump(0));
        hart.WriteCsr(Csr.Stimecmp, 5);
        hart.WriteCsr(Csr.Mie, InterruptBits.SupervisorSoftware);
        hart.Time.Ticks = 10;
        Assert.Equal(VcpuExit.Waiting, hart.Run());
        Assert.Equal(ulong.MaxValue, hart.Vcpu.Deadline);
        Assert.False(hart.Vcpu.IsRunnable);
    }

    [Fact]
    public void The_supervisor_timer_is_pending_from_its_deadline_until_it_is_moved()
    {
        using TestHart hart = TestHart.InSupervisorMode(Wfi, Jump(0));
        hart.WriteCsr(Csr.Mie, InterruptBits.SupervisorTimer);
        hart.WriteCsr(Csr.Stimecmp, 100);
        hart.Time.Ticks = 99;
        Assert.Equal(VcpuExit.Waiting, hart.Run());
        Assert.Equal(100UL, hart.Vcpu.Deadline);
        Assert.False(hart.Vcpu.IsRunnable);
        hart.Time.Ticks = 100;
        Assert.True(hart.Vcpu.IsRunnable);
        Assert.Equal(VcpuExit.Budget, hart.Run());
        Assert.Equal(InterruptBits.SupervisorTimer, hart.ReadCsr(Csr.Sip));
        hart.WriteCsr(Csr.Stimecmp, 101);
        Assert.Equal(0UL, hart.ReadCsr(Csr.Sip));
    }

    [Fact]
    public void The_machine_timer_is_pending_from_its_deadline_until_it_is_moved()
    {
        using TestHart hart = TestHart.InMachineMode();
        hart.Time.Ticks = 100;
        hart.Vcpu.SetMachineDeadline(100);
        Assert.Equal(InterruptBits.MachineTimer, hart.ReadCsr(Csr.Mip));
        hart.Vcpu.SetMachineDeadline(101);
        Assert.Equal(0UL, hart.ReadCsr(Csr.Mip));
    }

    [Fact]
    public void Software_writes_of_mip_do_not_reach_the_pins()
    {
        using TestHart hart = TestHart.InMachineMode();
        hart.Hart.SetLine(InterruptBits.SupervisorExternal | InterruptBits.Machine, true);
        hart.SetX(A0, ulong.MaxValue);
        hart.Execute(Csrrc(A1, Csr.Mip, A0), Csrrs(A2, Csr.Mip, Zero), Csrrs(A3, Csr.Mip, A0));
        Assert.Equal(InterruptBits.SupervisorExternal | InterruptBits.MachineExternal | InterruptBits.MachineSoftware, hart.X(A2) & ~InterruptBits.MachineTimer);
        hart.Hart.SetLine(InterruptBits.SupervisorExternal, false);
        // What software set stays when the pin falls; reading the pin and writing it back sets nothing.
        Assert.Equal(InterruptBits.Supervisor, hart.ReadCsr(Csr.Mip) & InterruptBits.Supervisor);
        hart.Execute(Csrw(Csr.Mip, Zero));
        Assert.Equal(0UL, hart.ReadCsr(Csr.Mip) & InterruptBits.Supervisor);
        hart.Hart.SetLine(InterruptBits.SupervisorExternal, true);
        hart.Execute(Csrrsi(A4, Csr.Mip, 2));
        hart.Hart.SetLine(InterruptBits.SupervisorExternal, false);
        Assert.Equal(InterruptBits.SupervisorSoftware, hart.ReadCsr(Csr.Mip) & InterruptBits.Supervisor);
    }

    [Fact]
    public void Supervisor_mode_clears_and_sets_its_software_interrupt_only()
    {
        using TestHart hart = TestHart.InSupervisorMode();
        hart.Hart.SetLine(InterruptBits.Supervisor, true);
        hart.WriteCsr(Csr.Stimecmp, 0);
        hart.SetX(A0, ulong.MaxValue);
        hart.Execute(Csrrc(A1, Csr.Sip, A0), Csrr(A2, Csr.Sip), Csrrs(A3, Csr.Sip, A0), Csrr(A4, Csr.Sip));
        Assert.Equal(InterruptBits.SupervisorExternal | InterruptBits.SupervisorTimer, hart.X(A2));
        Assert.Equal(InterruptBits.Supervisor, hart.X(A4));
    }

    private static void Prepare(TestHart hart)
    {
        hart.WriteCsr(Csr.Mtvec, MachineVector);
        hart.WriteCsr(Csr.Stvec, SupervisorVector);
        hart.Write(MachineVector, Bytes(Jump(0)));
        hart.Write(SupervisorVector, Bytes(Jump(0)));
        hart.Write(Loop, Bytes(Jump(0)));
        hart.Pc = Loop;
    }
}
