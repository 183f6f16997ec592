using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using CloudLab.Machine.Boot.Firmware;
using CloudLab.Machine.Console;
using CloudLab.Machine.Devices;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Machines;

/// <summary>Machines through the public interface, with guests of a few instructions.</summary>
public sealed class VirtualMachineTests : IAsyncDisposable
{
    private const ulong Memory = 64 << 20;

    private readonly Hypervisor _hypervisor = new(new HypervisorOptions { Workers = 2, MemoryBudget = 50 * Memory });
    private readonly List<GuestImage> _images = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guest_prints_and_powers_off()
    {
        VirtualMachine machine = await CreateAsync(new GuestProgram().Print("hello, world\n").PowerOff().Spin());
        var states = new List<MachineState>();
        machine.StatusChanged += status => states.Add(status.State);
        Assert.Equal(MachineState.Created, machine.Status.State);
        await machine.StartAsync();
        await StoppedAsync(machine);
        Assert.Equal(StopReason.GuestPowerOff, machine.Status.StopReason);
        Assert.Equal([MachineState.Running, MachineState.Stopped], states);
        Assert.Equal("hello, world\n", Output(machine));
        Assert.Equal(1, machine.Status.Boots);
        await machine.StartAsync();
        Assert.Equal(MachineState.Stopped, machine.Status.State);
    }

    [Fact]
    public async Task A_power_off_that_is_to_be_a_reboot_boots_the_same_machine_once()
    {
        VirtualMachine machine = await CreateAsync(new GuestProgram().Print("up\n").PowerOff().Spin());
        machine.RebootsOnPowerOff = true;
        await machine.StartAsync();
        await StoppedAsync(machine);
        Assert.Equal((2, StopReason.GuestPowerOff, false), (machine.Status.Boots, machine.Status.StopReason, machine.RebootsOnPowerOff));
        Assert.Equal("up\nup\n", Output(machine));
    }

    [Theory]
    [InlineData(0x5555, StopReason.GuestPowerOff, "the guest powered off", 0)]
    [InlineData(0x3333, StopReason.GuestFailure, "the guest reported failure 7", 7)]
    public async Task The_test_device_ends_a_machine(int command, StopReason reason, string detail, int code)
    {
        var program = new GuestProgram().Add(LoadAddress(T0, 0x10_0000)).Add(LoadAddress(T1, 7UL << 16 | (uint)command)).Add(Sw(T1, T0, 0)).Spin();
        VirtualMachine machine = await CreateAsync(program);
        await machine.StartAsync();
        await StoppedAsync(machine);
        Assert.Equal((reason, detail, code), (machine.Status.StopReason, machine.Status.Detail, machine.Status.ExitCode));
    }

    [Fact]
    public async Task A_system_failure_by_sbi_is_a_guest_failure()
    {
        VirtualMachine machine = await CreateAsync(new GuestProgram().Call(SbiExtension.SystemReset, 0, 0, 1).Spin());
        await machine.StartAsync();
        await StoppedAsync(machine);
        Assert.Equal(StopReason.GuestFailure, machine.Status.StopReason);
    }

    [Fact]
    public async Task A_guest_that_never_ceases_to_ask_for_a_reset_does_not_fill_the_queue_of_commands()
    {
        const uint FinisherReset = 0x7777;
        VirtualMachine machine = await CreateAsync(new GuestProgram().Add(
            Lui(T0, (uint)VirtMemoryMap.Test.Value),
            Lui(T1, FinisherReset),
            Addi(T1, T1, (int)FinisherReset & 0xfff),
            S(2, 0x23, T1, T0, 0),
            Jump(-4)));
        var fifth = new TaskCompletionSource();
        int most = 0;
        machine.StatusChanged += status =>
        {
            most = Math.Max(most, machine.QueuedCommands);
            if (status.Boots == 5) fifth.TrySetResult();
        };
        await machine.StartAsync();
        await fifth.Task.WaitAsync(Cancellation);
        await machine.StopAsync();
        // One wish of the guest, and the stop.
        Assert.InRange(most, 0, 2);
        Assert.Equal(MachineState.Stopped, machine.Status.State);
    }

    [Fact]
    public async Task Images_go_with_the_hypervisor_that_loaded_them()
    {
        var hypervisor = new Hypervisor(new HypervisorOptions { Workers = 1, MemoryBudget = Memory });
        GuestImage image = await hypervisor.LoadImageAsync("owned", new MemoryStream(new byte[4]), Cancellation);
        await hypervisor.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => image.Pages.Read(0, new byte[1]));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => hypervisor.LoadImageAsync("late", new MemoryStream(new byte[4]), Cancellation));
    }

    [Fact]
    public async Task A_reboot_by_the_guest_clears_ram_and_counts()
    {
        VirtualMachine machine = await CreateAsync(Marked().Reboot().Spin());
        var third = new TaskCompletionSource();
        machine.StatusChanged += status =>
        {
            if (status.Boots == 3) third.TrySetResult();
        };
        await machine.StartAsync();
        await third.Task.WaitAsync(Cancellation);
        await machine.StopAsync();
        Assert.True(machine.Status.Boots >= 3);
        Assert.DoesNotContain("dirty", Output(machine), StringComparison.Ordinal);
        Assert.Contains("clean\nclean\n", Output(machine), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reset_clears_ram_and_boots_again(bool whilePaused)
    {
        VirtualMachine machine = await CreateAsync(Marked().Spin());
        using ConsoleAttachment console = machine.Spec.Console.Attach(replay: true);
        await machine.StartAsync();
        await UntilAsync(console, "clean\n");
        if (whilePaused) await machine.PauseAsync();
        await machine.ResetAsync();
        Assert.Equal(new MachineStatus(MachineState.Running, StopReason.None, null, 2), machine.Status);
        await UntilAsync(console, "clean\n");
        Assert.Equal("clean\nclean\n", Output(machine));
    }

    [Fact]
    public async Task The_guests_clock_stands_while_it_is_paused()
    {
        VirtualMachine machine = await CreateAsync(new GuestProgram().AnswerWithTime());
        using ConsoleAttachment console = machine.Spec.Console.Attach(replay: true);
        await machine.StartAsync();
        long start = Stopwatch.GetTimestamp();
        ulong before = await AskTimeAsync(console);
        await machine.PauseAsync();
        Assert.Equal(MachineState.Paused, machine.Status.State);
        long pausedAt = Stopwatch.GetTimestamp();
        SpinWait.SpinUntil(() => Stopwatch.GetElapsedTime(pausedAt) > TimeSpan.FromMilliseconds(50));
        TimeSpan paused = Stopwatch.GetElapsedTime(pausedAt);
        await machine.ResumeAsync();
        ulong after = await AskTimeAsync(console);
        Assert.True(after > before);
        // However slow the host: the guest's clock shows no more than the host's time outside the pause.
        Assert.True(TimeSpan.FromTicks((long)(after - before)) <= Stopwatch.GetElapsedTime(start) - paused);
    }

    [Fact]
    public async Task A_spinning_guest_pauses_resumes_and_stops_at_any_time()
    {
        VirtualMachine machine = await CreateAsync(new GuestProgram().Spin(), vcpus: 2);
        await machine.StartAsync();
        for (int i = 0; i < 20; i++)
        {
            await machine.PauseAsync();
            ulong instructions = machine.ReadMetrics().Instructions;
            Assert.Equal(instructions, machine.ReadMetrics().Instructions);
            await machine.ResumeAsync();
        }

        await machine.StopAsync();
        await machine.StopAsync();
        Assert.Equal(StopReason.Requested, machine.Status.StopReason);
        await machine.ResumeAsync();
        await machine.ResetAsync();
        Assert.Equal(MachineState.Stopped, machine.Status.State);
    }

    [Fact]
    public async Task Exits_and_traps_are_counted_exactly()
    {
        var program = new GuestProgram();
        // The handler skips the instruction that trapped.
        program.Add(Jump(20), Csrr(T0, 0x141), Addi(T0, T0, 4), Csrw(0x141, T0), Sret);
        program.Add(Auipc(T0, 0), Addi(T0, T0, -16), Csrw(0x105, T0));
        for (int i = 0; i < 5; i++) program.Add(0xffff_ffff);
        program.Add(Ebreak).Print("12345678");
        for (int i = 0; i < 3; i++) program.Call(SbiExtension.Base, 0);
        program.Call(0x1234, 0).Add(FenceI, SfenceVma(0, 0), Csrr(T0, 0xc01), Csrw(0x180, Zero)).Add(Lbu(T1, T1, 0)).PowerOff().Spin();
        VirtualMachine machine = await CreateAsync(program);
        await machine.StartAsync();
        await StoppedAsync(machine);

        MachineMetrics metrics = machine.ReadMetrics();
        var exits = metrics.Exits.Where(pair => pair.Value != 0).ToDictionary();
        Assert.Equal(
            new Dictionary<string, ulong>
            {
                ["mmio.uart.write"] = 8,
                // The VMM is asked for the address at which nothing answers, too.
                ["mmio.unmapped.read"] = 1,
                ["sbi.base"] = 3,
                ["sbi.unknown"] = 1,
                ["sbi.system-reset"] = 1,
                ["privileged.reset-and-power"] = 1,
                ["privileged.cache-maintenance"] = 1,
                ["privileged.tlb-invalidation"] = 1,
                ["privileged.address-mapping"] = 1,
                // stvec once, and sepc read and written in each of seven handlers.
                ["privileged.system-register"] = 1 + (7 * 2),
                ["privileged.mode-change"] = 7,
            },
            exits);
        Assert.Equal(
            new Dictionary<string, ulong>
            {
                ["exception.illegal-instruction"] = 5,
                ["exception.breakpoint"] = 1,
                ["exception.load-access-fault"] = 1,
            },
            metrics.Traps.Where(pair => pair.Value != 0).ToDictionary());
    }

    [Fact]
    public async Task A_kernel_that_only_traps_runs_and_stops()
    {
        VirtualMachine machine = await CreateAsync(new byte[4096]);
        await machine.StartAsync();
        Assert.Equal(MachineState.Running, machine.Status.State);
        await machine.StopAsync();
        Assert.Equal(0UL, machine.ReadMetrics().Instructions);
    }

    [Fact]
    public async Task A_second_hart_runs_what_the_first_one_starts()
    {
        var program = new GuestProgram();
        program.Add(LoadAddress(A7, SbiExtension.HartState)).Add(Li(A6, 0), Li(A0, 1), Auipc(A1, 0), Addi(A1, A1, 20), Ecall, Wfi, Jump(-4));
        program.Print("second\n").PowerOff().Spin();
        VirtualMachine machine = await CreateAsync(program, vcpus: 2);
        await machine.StartAsync();
        await StoppedAsync(machine);
        Assert.Equal("second\n", Output(machine));
    }

    [Fact]
    public async Task A_fault_of_the_monitor_stops_its_machine_and_no_other()
    {
        var clock = new BreakableClock();
        VirtualMachine healthy = await CreateAsync(new GuestProgram().AnswerWithTime());
        VirtualMachine broken = await CreateAsync(new GuestProgram().Add(LoadAddress(T0, 0x10_1000)).Add(Lw(T1, T0, 0)).Spin(), clock: clock);
        using ConsoleAttachment console = healthy.Spec.Console.Attach(replay: true);
        await healthy.StartAsync();
        clock.IsBroken = true;
        await broken.StartAsync();
        await StoppedAsync(broken);
        Assert.Equal(StopReason.InternalError, broken.Status.StopReason);
        Assert.Contains("the clock is broken", broken.Status.Detail, StringComparison.Ordinal);
        await broken.DisposeAsync();
        Assert.Equal(MachineState.Running, healthy.Status.State);
        Assert.True(await AskTimeAsync(console) <= await AskTimeAsync(console));
    }

    [Fact]
    public async Task A_console_that_throws_stops_its_machine_and_no_other()
    {
        VirtualMachine healthy = await CreateAsync(new GuestProgram().AnswerWithTime());
        VirtualMachine broken = await CreateAsync(new GuestProgram().Print("no line end").Spin());
        broken.Spec.Console.OutputWritten += _ => throw new InvalidOperationException("the console is broken");
        using ConsoleAttachment console = healthy.Spec.Console.Attach(replay: true);
        await healthy.StartAsync();
        await broken.StartAsync();
        await StoppedAsync(broken);
        Assert.Equal(StopReason.InternalError, broken.Status.StopReason);
        await broken.DisposeAsync();
        Assert.True(await AskTimeAsync(console) <= await AskTimeAsync(console));
    }

    [Fact]
    public async Task An_observer_that_throws_does_not_keep_its_machine_from_stopping()
    {
        VirtualMachine machine = await CreateAsync(new GuestProgram().Reboot().Spin());
        machine.StatusChanged += status =>
        {
            if (status.Boots > 1) throw new InvalidOperationException("the observer is broken");
        };
        await machine.StartAsync();
        await StoppedAsync(machine, () => machine.Status.State == MachineState.Stopped);
        Assert.Equal(StopReason.InternalError, machine.Status.StopReason);
        await machine.StopAsync();
        await machine.DisposeAsync();
    }

    [Fact]
    public async Task Memory_is_admitted_against_the_budget_and_given_back()
    {
        var hypervisor = new Hypervisor(new HypervisorOptions { Workers = 1, MemoryBudget = 2 * Memory });
        await using (hypervisor)
        {
            GuestImage kernel = await ImageAsync(new GuestProgram().Spin().Build());
            VirtualMachine first = hypervisor.Create(Spec(kernel));
            VirtualMachine second = hypervisor.Create(Spec(kernel));
            Assert.Equal(2 * Memory, hypervisor.MemoryInUse);
            Assert.Contains("no room for 64 MiB", Assert.Throws<MachineException>(() => hypervisor.Create(Spec(kernel))).Message, StringComparison.Ordinal);
            await first.StartAsync();
            await first.DisposeAsync();
            await first.DisposeAsync();
            Assert.Equal(Memory, hypervisor.MemoryInUse);
            VirtualMachine third = hypervisor.Create(Spec(kernel));
            await third.StartAsync();
            Assert.NotEqual(second, third);
        }

        Assert.Equal(0UL, hypervisor.MemoryInUse);
    }

    [Fact]
    public async Task A_spec_out_of_range_is_refused_and_takes_no_memory()
    {
        GuestImage kernel = await ImageAsync(new GuestProgram().Spin().Build());
        GuestImage empty = await ImageAsync([]);
        byte[] header = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(56), 0x0543_5352);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), 0x20_0000);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), ulong.MaxValue - 0x20_0000);
        GuestImage hostile = await ImageAsync(header);
        MachineSpec spec = Spec(kernel);
        MachineSpec[] specs =
        [
            spec with { VcpuCount = 0 }, spec with { VcpuCount = 9 }, spec with { MemorySize = 32 << 20 }, spec with { MemorySize = Memory + 4096 },
            spec with { CpuCap = 0 }, spec with { CpuCap = double.NaN }, spec with { CpuCap = double.PositiveInfinity }, spec with { CpuWeight = 0 },
            spec with { Kernel = empty }, spec with { Kernel = hostile },
        ];
        foreach (MachineSpec bad in specs) Assert.Throws<MachineException>(() => _hypervisor.Create(bad));
        Assert.Equal(0UL, _hypervisor.MemoryInUse);
    }

    [Fact]
    public async Task An_empty_initramfs_is_none()
    {
        GuestImage kernel = await ImageAsync(new GuestProgram().Print("up\n").PowerOff().Spin().Build());
        VirtualMachine machine = _hypervisor.Create(Spec(kernel) with { Initramfs = await ImageAsync([]) });
        await machine.StartAsync();
        await StoppedAsync(machine);
        Assert.Equal("up\n", Output(machine));
    }

    [Fact]
    public async Task Fifty_machines_start_run_and_stop_at_once()
    {
        GuestImage kernel = await ImageAsync(new GuestProgram().Print("up\n").Sleep().Build());
        VirtualMachine[] machines = [.. Enumerable.Range(0, 50).Select(_ => _hypervisor.Create(Spec(kernel)))];
        await Task.WhenAll(machines.Select(async machine =>
        {
            using ConsoleAttachment console = machine.Spec.Console.Attach(replay: true);
            await machine.StartAsync();
            await UntilAsync(console, "up\n");
            await machine.StopAsync();
            await machine.DisposeAsync();
        }));
        Assert.Equal(0UL, _hypervisor.MemoryInUse);
    }

    public async ValueTask DisposeAsync()
    {
        await _hypervisor.DisposeAsync();
        foreach (GuestImage image in _images) image.Dispose();
    }

    /// <summary>Prints whether free RAM is clean, and marks it.</summary>
    private static GuestProgram Marked()
    {
        var program = new GuestProgram().Add(LoadAddress(S0, GuestProgram.Scratch)).Add(Ld(S1, S0, 0));
        int dirty = new GuestProgram().Print("dirty\n").Length;
        return program.Add(Beq(S1, Zero, dirty + 4)).Print("dirty\n").Print("clean\n").Add(Sd(S0, S0, 0));
    }

    private static MachineSpec Spec(GuestImage kernel) =>
        new() { Name = "test", MemorySize = Memory, Kernel = kernel, Console = new SerialConsole() };

    private static string Output(VirtualMachine machine) => Encoding.ASCII.GetString(machine.Spec.Console.Snapshot());

    private static Task StoppedAsync(VirtualMachine machine) => StoppedAsync(machine, () => machine.Status.State == MachineState.Stopped);

    private static async Task StoppedAsync(VirtualMachine machine, Func<bool> holds)
    {
        while (!holds())
        {
            Cancellation.ThrowIfCancellationRequested();
            await Task.Delay(1, Cancellation);
        }

        Assert.Equal(MachineState.Stopped, machine.Status.State);
    }

    private static async Task UntilAsync(ConsoleAttachment console, string text)
    {
        var seen = new StringBuilder();
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
            seen.Append(Encoding.ASCII.GetString(await console.ReadAsync(Cancellation)));
    }

    private static async Task<ulong> AskTimeAsync(ConsoleAttachment console)
    {
        console.Write("?"u8);
        var answer = new List<byte>();
        while (answer.Count < 8) answer.AddRange(await console.ReadAsync(Cancellation));
        return BitConverter.ToUInt64([.. answer]);
    }

    private Task<VirtualMachine> CreateAsync(GuestProgram program, int vcpus = 1, TimeProvider? clock = null) =>
        CreateAsync(program.Build(), vcpus, clock);

    private async Task<VirtualMachine> CreateAsync(byte[] kernel, int vcpus = 1, TimeProvider? clock = null) =>
        _hypervisor.Create(Spec(await ImageAsync(kernel)) with { VcpuCount = vcpus, WallClock = clock ?? TimeProvider.System });

    private async Task<GuestImage> ImageAsync(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        GuestImage image = await _hypervisor.LoadImageAsync("test", stream, Cancellation);
        _images.Add(image);
        return image;
    }

    private sealed class BreakableClock : TimeProvider
    {
        public volatile bool IsBroken;

        public override DateTimeOffset GetUtcNow() => IsBroken ? throw new InvalidOperationException("the clock is broken") : base.GetUtcNow();
    }
}
