using CloudLab.Machine.Boot.Firmware;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Rv64;
using CloudLab.Machine.Scheduling;
using CloudLab.Machine.Tests.Rv64;
using CsCheck;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Boot.Firmware;

/// <summary>SBI calls as a guest makes them, with arguments as a hostile one chooses them.</summary>
public sealed class SbiFirmwareTests
{
    private const ulong Other = TestHart.Code + 0x1000;
    private const ulong AllHarts = ulong.MaxValue;

    [Fact]
    public void The_base_extension_tells_versions_and_what_is_there()
    {
        using var machine = new TestMachine(1);
        Assert.Equal((SbiError.Success, 2UL << 24), machine.Call(SbiExtension.Base, 0));
        for (ulong function = 1; function <= 6; function++)
            Assert.Equal(SbiError.Success, machine.Call(SbiExtension.Base, function).Error);
        Assert.Equal(SbiError.NotSupported, machine.Call(SbiExtension.Base, 7).Error);
        ulong[] played =
        [
            SbiExtension.Base, SbiExtension.Time, SbiExtension.Ipi, SbiExtension.RemoteFence, SbiExtension.HartState,
            SbiExtension.SystemReset, SbiExtension.DebugConsole,
        ];
        foreach (ulong extension in played) Assert.Equal((SbiError.Success, 1UL), machine.Call(SbiExtension.Base, 3, extension));
        foreach (ulong extension in new[] { 0UL, 1UL, 8UL, 0x504d55UL, ulong.MaxValue })
            Assert.Equal((SbiError.Success, 0UL), machine.Call(SbiExtension.Base, 3, extension));
    }

    [Fact]
    public void An_unknown_extension_is_not_supported_and_counted()
    {
        using var machine = new TestMachine(1);
        foreach (ulong extension in new[] { 0UL, 1UL, 0x504d55UL, ulong.MaxValue })
            Assert.Equal((SbiError.NotSupported, 0UL), machine.Call(extension, 0));
        Assert.Equal(4UL, machine.Vcpus[0].Hart.Counters.ReadExits(ExitCause.SbiUnknown));
    }

    [Fact]
    public void A_call_changes_no_register_but_a0_and_a1()
    {
        using var machine = new TestMachine(1);
        unsafe
        {
            HartState* h = machine.Vcpus[0].Hart.State;
            for (uint i = 1; i < 10; i++) h->X[i] = i;
            for (uint i = 18; i < 32; i++) h->X[i] = i;
            machine.Call(SbiExtension.Base, 0, 1, 2, 3, 4, 5);
            for (uint i = 1; i < 10; i++) Assert.Equal(i, h->X[i]);
            for (uint i = 18; i < 32; i++) Assert.Equal(i, h->X[i]);
            Assert.Equal((3UL, 4UL, 5UL, 0UL, 0UL, SbiExtension.Base), (h->X[12], h->X[13], h->X[14], h->X[15], h->X[16], h->X[17]));
        }
    }

    [Fact]
    public void The_timer_call_sets_the_deadline_and_takes_back_a_pending_interrupt()
    {
        using var machine = new TestMachine(1);
        machine.Time.Ticks = 50;
        Assert.Equal(SbiError.Success, machine.Call(SbiExtension.Time, 0, 50).Error);
        Assert.Equal(InterruptBits.SupervisorTimer, machine.Vcpus[0].Hart.Pending);
        Assert.Equal(SbiError.Success, machine.Call(SbiExtension.Time, 0, ulong.MaxValue).Error);
        Assert.Equal(0UL, machine.Vcpus[0].Hart.Pending);
        Assert.Equal(SbiError.NotSupported, machine.Call(SbiExtension.Time, 1).Error);
    }

    [Fact]
    public void A_second_hart_starts_with_its_id_and_argument_stops_and_starts_again()
    {
        using var machine = new TestMachine(2);
        machine.Write(Other, Add(S2, A0, Zero), Add(S3, A1, Zero), Wfi, Jump(0));
        Assert.Equal((SbiError.Success, (ulong)HartRunState.Stopped), machine.Call(SbiExtension.HartState, 2, 1));
        Assert.Equal(VcpuExit.Halted, machine.Vcpus[1].Run(100));
        for (ulong round = 0; round < 2; round++)
        {
            Assert.Equal(SbiError.Success, machine.Call(SbiExtension.HartState, 0, 1, Other, 77 + round).Error);
            Assert.Equal(SbiError.AlreadyAvailable, machine.Call(SbiExtension.HartState, 0, 1, Other, 78).Error);
            Assert.Equal((SbiError.Success, (ulong)HartRunState.StartPending), machine.Call(SbiExtension.HartState, 2, 1));
            Assert.True(machine.Vcpus[1].IsRunnable);
            Assert.Equal(VcpuExit.Waiting, machine.Vcpus[1].Run(100));
            Assert.Equal((SbiError.Success, (ulong)HartRunState.Started), machine.Call(SbiExtension.HartState, 2, 1));
            unsafe
            {
                HartState* h = machine.Vcpus[1].Hart.State;
                Assert.Equal((1UL, 77 + round), (h->X[S2], h->X[S3]));
                Assert.Equal(Privilege.Supervisor, machine.Vcpus[1].Hart.Privilege);
                Assert.Equal(0UL, machine.Vcpus[1].Hart.Satp);
            }

            SetPc(machine, 1, Other + 0x100);
            machine.Vcpus[1].Hart.SetLine(InterruptBits.SupervisorExternal, true);
            machine.Vcpus[1].Hart.ExecuteCsr(Csrrsi(0, Csr.Sie, 2));
            machine.Vcpus[1].SetLine(InterruptBits.SupervisorSoftware, true);
            machine.Call(SbiExtension.HartState, 1, hart: 1);
            Assert.Equal(HartRunState.Stopped, machine.Vcpus[1].RunState);
            Assert.False(machine.Vcpus[1].IsRunnable);
            // What an interrupt controller drives outlives the stop; an IPI does not.
            machine.Vcpus[1].Hart.SetLine(InterruptBits.SupervisorSoftware, true);
        }

        machine.Call(SbiExtension.HartState, 0, 1, Other, 0);
        machine.Vcpus[1].Run(100);
        Assert.Equal(InterruptBits.SupervisorExternal, machine.Vcpus[1].Hart.Pending);
    }

    [Fact]
    public void A_hart_is_not_started_where_no_code_can_be()
    {
        using var machine = new TestMachine(2);
        foreach (ulong address in new[] { 0UL, 0x1000_0000UL, TestHart.Ram + (8UL << 20), ulong.MaxValue, Other + 1 })
            Assert.Equal(SbiError.InvalidAddress, machine.Call(SbiExtension.HartState, 0, 1, address).Error);
        foreach (ulong id in new[] { 2UL, 64UL, 1UL << 32, ulong.MaxValue })
        {
            Assert.Equal(SbiError.InvalidParam, machine.Call(SbiExtension.HartState, 0, id, Other).Error);
            Assert.Equal(SbiError.InvalidParam, machine.Call(SbiExtension.HartState, 2, id).Error);
        }

        Assert.Equal(SbiError.AlreadyAvailable, machine.Call(SbiExtension.HartState, 0, 0, Other).Error);
        Assert.Equal(SbiError.NotSupported, machine.Call(SbiExtension.HartState, 4).Error);
    }

    [Fact]
    public void A_suspended_hart_wakes_for_an_interrupt()
    {
        using var machine = new TestMachine(1);
        Assert.Equal(SbiError.NotSupported, machine.Call(SbiExtension.HartState, 3, 0x8000_0000).Error);
        Assert.Equal(SbiError.InvalidParam, machine.Call(SbiExtension.HartState, 3, 1).Error);
        machine.Vcpus[0].Hart.ExecuteCsr(Csrrsi(0, Csr.Sie, 2));
        machine.Call(SbiExtension.HartState, 3, 0);
        Assert.Equal(VcpuExit.Waiting, machine.Vcpus[0].Run(100));
        Assert.False(machine.Vcpus[0].IsRunnable);
        machine.Vcpus[0].SetLine(InterruptBits.SupervisorSoftware, true);
        Assert.True(machine.Vcpus[0].IsRunnable);
        Assert.Equal(VcpuExit.Budget, machine.Vcpus[0].Run(100));
        unsafe
        {
            Assert.Equal(0UL, machine.Vcpus[0].Hart.State->X[A0]);
        }
    }

    [Theory]
    [InlineData(0b01UL, 0UL, 0b001)]
    [InlineData(0b10UL, 0UL, 0b010)]
    [InlineData(0b11UL, 1UL, 0b110)]
    [InlineData(0UL, AllHarts, 0b111)]
    [InlineData(0UL, 0UL, 0)]
    public void An_ipi_reaches_the_harts_of_its_mask(ulong mask, ulong start, int expected)
    {
        using var machine = new TestMachine(3);
        Assert.Equal(SbiError.Success, machine.Call(SbiExtension.Ipi, 0, mask, start).Error);
        for (int i = 0; i < 3; i++)
            Assert.Equal((expected >> i & 1) != 0, (machine.Vcpus[i].Hart.Pending & InterruptBits.SupervisorSoftware) != 0);
    }

    [Fact]
    public void A_mask_with_a_hart_that_does_not_exist_is_refused_and_reaches_nobody()
    {
        using var machine = new TestMachine(2);
        foreach ((ulong mask, ulong start) in new[] { (0b111UL, 0UL), (1UL, 2UL), (1UL << 63, 0UL), (3UL, ulong.MaxValue - 1), (1UL, 1UL << 63) })
        {
            Assert.Equal(SbiError.InvalidParam, machine.Call(SbiExtension.Ipi, 0, mask, start).Error);
            for (ulong function = 0; function <= 2; function++)
                Assert.Equal(SbiError.InvalidParam, machine.Call(SbiExtension.RemoteFence, function, mask, start, 0, 0).Error);
        }

        Assert.All(machine.Vcpus, vcpu => Assert.Equal(0UL, vcpu.Hart.Pending));
        Assert.Equal(SbiError.NotSupported, machine.Call(SbiExtension.Ipi, 1).Error);
        Assert.Equal(SbiError.NotSupported, machine.Call(SbiExtension.RemoteFence, 3).Error);
    }

    [Theory]
    [InlineData(0UL, 0UL, true)]
    [InlineData(0UL, ulong.MaxValue, true)]
    [InlineData(0x1234_5000UL, 0x1000UL, true)]
    [InlineData(0x1234_4fffUL, 2UL, true)]
    [InlineData(0x1200_0000UL, 0x100_0000UL, true)]
    [InlineData(0x1234_6000UL, 0x1000UL, false)]
    [InlineData(0x1234_5000UL, 0UL, false)]
    public void A_remote_fence_flushes_what_lies_in_its_range(ulong start, ulong size, bool isFlushed)
    {
        using var machine = new TestMachine(2);
        const ulong Virtual = 0x1234_5000;
        Hart other = machine.Vcpus[1].Hart;
        machine.Write(Other, Wfi, Jump(0));
        machine.Call(SbiExtension.HartState, 0, 1, Other, 0);
        machine.Vcpus[1].Run(100);
        other.Mmu.TryTranslate(Virtual, AccessKind.Load, TlbContext.Supervisor, out _);
        // Without translation an address is its own; any page of RAM's would do, so put it there by hand.
        unsafe
        {
            TlbEntry* entry = other.Mmu.Table(TlbContext.Supervisor) + (Virtual >> 12 & TlbEntry.IndexMask);
            entry->ReadTag = Virtual;
            Assert.Equal(SbiError.Success, machine.Call(SbiExtension.RemoteFence, 1, 2, 0, start, size).Error);
            machine.Vcpus[1].Run(100);
            Assert.Equal(isFlushed, entry->ReadTag != Virtual);
        }
    }

    [Theory]
    [InlineData(0UL, true)]
    [InlineData(0xabcd_0000UL, true)]
    [InlineData(1UL, false)]
    public void A_remote_fence_with_an_asid_leaves_the_other_spaces(ulong asid, bool isFlushed)
    {
        foreach (ulong size in new[] { 0x1000UL, ulong.MaxValue })
        {
            using var machine = new TestMachine(2);
            Hart other = machine.Vcpus[1].Hart;
            machine.Write(Other, Wfi, Jump(0));
            machine.Call(SbiExtension.HartState, 0, 1, Other, 0);
            machine.Vcpus[1].Run(100);
            unsafe
            {
                // Without translation, satp and with it the ASID are 0.
                TlbEntry* entry = other.Mmu.Table(TlbContext.Supervisor) + (TestHart.Ram >> 12 & TlbEntry.IndexMask);
                Assert.True(other.Mmu.TryTranslate(TestHart.Ram, AccessKind.Load, TlbContext.Supervisor, out _));
                Assert.Equal(TestHart.Ram, entry->ReadTag);
                Assert.Equal(SbiError.Success, machine.Call(SbiExtension.RemoteFence, 2, 2, 0, TestHart.Ram, size, asid).Error);
                machine.Vcpus[1].Run(100);
                Assert.Equal(isFlushed, entry->ReadTag != TestHart.Ram);
            }
        }
    }

    [Fact]
    public void A_remote_fence_ends_while_the_other_hart_runs_and_fences_back()
    {
        using var machine = new TestMachine(2);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        // Each hart fences both, 2,000 times, on a thread of its own.
        uint[] code =
        [
            .. LoadAddress(A7, SbiExtension.RemoteFence), Li(A6, 1), Li(S2, 2000),
            Li(A0, 3), Li(A1, 0), Li(A2, 0), Li(A3, 0), Ecall, Addi(S2, S2, -1), Bne(S2, Zero, -24), Wfi, Jump(0),
        ];
        machine.Write(Other, code);
        machine.Call(SbiExtension.HartState, 0, 1, Other, 0);
        SetPc(machine, 0, Other);
        Thread[] threads = [.. machine.Vcpus.Select(vcpu => new Thread(() =>
        {
            while (vcpu.Run(10_000) == VcpuExit.Budget && !cancellation.IsCancellationRequested)
            {
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.Equal(2000UL, machine.Vcpus[0].Hart.Counters.ReadExits(ExitCause.SbiRemoteFence));
        Assert.Equal(2000UL, machine.Vcpus[1].Hart.Counters.ReadExits(ExitCause.SbiRemoteFence));
    }

    [Theory]
    [InlineData(0UL, 0UL, "off")]
    [InlineData(0UL, 1UL, "fail 1")]
    [InlineData(1UL, 0UL, "reset")]
    [InlineData(2UL, 1UL, "reset")]
    public void System_reset_asks_the_machine_and_stops_the_hart(ulong type, ulong reason, string expected)
    {
        using var machine = new TestMachine(1);
        machine.Call(SbiExtension.SystemReset, 0, type, reason);
        Assert.Equal([expected], machine.Power);
        Assert.Equal(HartRunState.Stopped, machine.Vcpus[0].RunState);
        Assert.False(machine.Vcpus[0].IsRunnable);
    }

    [Theory]
    [InlineData(3UL, 0UL)]
    [InlineData(0UL, 2UL)]
    [InlineData(0xffff_ffffUL, 0UL)]
    public void A_reserved_reset_is_refused(ulong type, ulong reason)
    {
        using var machine = new TestMachine(1);
        Assert.Equal(SbiError.InvalidParam, machine.Call(SbiExtension.SystemReset, 0, type, reason).Error);
        Assert.Equal(SbiError.NotSupported, machine.Call(SbiExtension.SystemReset, 1, 0, 0).Error);
        Assert.Empty(machine.Power);
    }

    [Fact]
    public void The_debug_console_writes_what_lies_in_ram()
    {
        using var machine = new TestMachine(1);
        machine.Memory.TryWrite(new GuestAddress(TestHart.Ram), "hello"u8);
        Assert.Equal((SbiError.Success, 5UL), machine.Call(SbiExtension.DebugConsole, 0, 5, TestHart.Ram));
        Assert.Equal(SbiError.Success, machine.Call(SbiExtension.DebugConsole, 2, 0x1234_5621).Error);
        Assert.Equal("hello!"u8.ToArray(), machine.Console);
        Assert.Equal((SbiError.Success, 0UL), machine.Call(SbiExtension.DebugConsole, 1, 5, TestHart.Ram));

        // A large write is taken in part, one outside of RAM not at all.
        Assert.Equal((SbiError.Success, 4096UL), machine.Call(SbiExtension.DebugConsole, 0, ulong.MaxValue, TestHart.Ram));
        int before = machine.Console.Count;
        foreach ((ulong low, ulong high) in new[] { (0UL, 0UL), (TestHart.Ram - 1, 0UL), (TestHart.Ram + (8UL << 20) - 1, 0UL), (TestHart.Ram, 1UL) })
            Assert.Equal(SbiError.InvalidParam, machine.Call(SbiExtension.DebugConsole, 0, 2, low, high).Error);
        Assert.Equal(SbiError.NotSupported, machine.Call(SbiExtension.DebugConsole, 3).Error);
        Assert.Equal(before, machine.Console.Count);
    }

    [Fact]
    public void No_call_throws_whatever_its_arguments()
    {
        Gen<ulong> extension = Gen.OneOf(
            SbiExtension.Base, SbiExtension.Time, SbiExtension.Ipi, SbiExtension.RemoteFence, SbiExtension.HartState,
            SbiExtension.SystemReset, SbiExtension.DebugConsole, 8UL);
        Gen<ulong> any = Gen.Frequency((2, EdgeValues.Any), (1, Gen.ULong[TestHart.Ram, TestHart.Ram + (8 << 20)]));
        using var machine = new TestMachine(2);
        Gen.Select(extension, Gen.ULong[0, 6], any, any, any, any).Sample(
            (id, function, a0, a1, a2, a3) =>
            {
                machine.Call(id, function, a0, a1, a2, a3);
                machine.Vcpus[0].Reset();
                machine.Vcpus[0].TryStart(TestHart.Code, 0);
                machine.Vcpus[0].Run(0);
            },
            iter: 3000, threads: 1);
    }

    private static unsafe void SetPc(TestMachine machine, int hart, ulong pc) => machine.Vcpus[hart].Hart.State->Pc = pc;
}
