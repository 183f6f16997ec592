using CloudLab.Machine.Boot.Firmware;
using CloudLab.Machine.Console;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Tests.Boot.Elf;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Machines;

/// <summary>Exits as users see them: by device and class, for each vCPU.</summary>
public sealed class ExitCounterTests : IAsyncDisposable
{
    private const ulong Test = 0x10_0000;
    private const ulong Uart = 0x1000_0000;
    private const ulong Plic = 0x0c00_0000;

    private readonly Hypervisor _hypervisor = new(new HypervisorOptions { Workers = 2, MemoryBudget = 1UL << 30 });
    private readonly List<GuestImage> _images = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Accesses_are_counted_by_device_and_direction()
    {
        (string Name, ulong Address)[] devices =
        [
            ("test", Test), ("rtc", 0x10_1000), ("aclint", 0x200_4000), ("plic", Plic), ("uart", Uart), ("virtio-block", 0x1000_1000),
            ("virtio-empty", 0x1000_2000), ("virtio-console", 0x1000_5000), ("virtio-entropy", 0x1000_6000), ("virtio-input", 0x1000_7000),
            ("virtio-scsi", 0x1000_8000),
        ];
        var program = new GuestProgram();
        var expected = new Dictionary<string, ulong> { ["sbi.system-reset"] = 1, ["privileged.reset-and-power"] = 1 };
        for (int i = 0; i < devices.Length; i++)
        {
            // Each another number of times, so that none is taken for another.
            program.Add(LoadAddress(T0, devices[i].Address));
            for (int n = 0; n <= i; n++) program.Add(Lw(T1, T0, 0));
            for (int n = 0; n <= i + 20; n++) program.Add(Sw(Zero, T0, 0));
            expected[$"mmio.{devices[i].Name}.read"] = (ulong)i + 1;
            expected[$"mmio.{devices[i].Name}.write"] = (ulong)i + 21;
        }

        await using var disk = new MemoryBlockBackend(1 << 20);
        VirtualMachine machine = await CreateAsync(program.PowerOff().Spin().Build(), spec => spec with { Disks = [disk] });
        Assert.Equal(expected, await CountAsync(machine));
    }

    [Fact]
    public async Task Accesses_that_no_device_answers_are_counted_as_unmapped()
    {
        // Every trap goes on behind the instruction: "t6 = sepc + 4; sepc = t6; sret".
        const uint Sepc = 0x141, Stvec = 0x105;
        var program = new GuestProgram().Add(Jump(20)).Add(Csrr(T6, Sepc), Addi(T6, T6, 4), Csrw(Sepc, T6), Sret)
            .Add(Auipc(T0, 0), Addi(T0, T0, -16), Csrw(Stvec, T0))
            .Add(LoadAddress(T0, 0x3000_0000)).Add(Ld(T1, T0, 0), Sd(T1, T0, 0), Sd(T1, T0, 8))
            // Right behind the UART's window.
            .Add(LoadAddress(T0, Uart + 0x100)).Add(Lw(T1, T0, 0));
        Dictionary<string, ulong> exits = await CountAsync(await CreateAsync(program.PowerOff().Spin().Build()));
        Assert.Equal(2UL, exits["mmio.unmapped.read"]);
        Assert.Equal(2UL, exits["mmio.unmapped.write"]);
        Assert.DoesNotContain("mmio.uart.read", exits.Keys);
    }

    [Theory]
    [InlineData(0x5555)]
    [InlineData(0x3333)]
    public async Task An_end_by_the_test_device_is_reset_and_power(int command)
    {
        // What means nothing to the device is no such request.
        byte[] kernel = new GuestProgram().Add(LoadAddress(T0, Test)).Add(Sw(Zero, T0, 0)).Add(LoadAddress(T1, (ulong)command)).Add(Sw(T1, T0, 0)).Spin().Build();
        Dictionary<string, ulong> exits = await CountAsync(await CreateAsync(kernel));
        Assert.Equal(new Dictionary<string, ulong> { ["mmio.test.write"] = 2, ["privileged.reset-and-power"] = 1 }, exits);
    }

    [Fact]
    public async Task A_reboot_is_reset_and_power_each_time()
    {
        byte[] kernel = new GuestProgram().Reboot().Spin().Build();
        VirtualMachine machine = await CreateAsync(kernel);
        await machine.StartAsync();
        while (machine.Status.Boots < 4) await Task.Delay(1, Cancellation);
        await machine.StopAsync();
        IReadOnlyDictionary<string, ulong> exits = machine.ReadMetrics().Exits;
        Assert.True(exits["privileged.reset-and-power"] >= 3);
        Assert.Equal(exits["sbi.system-reset"], exits["privileged.reset-and-power"]);
    }

    [Fact]
    public async Task A_refused_reset_call_is_no_reset()
    {
        byte[] kernel = new GuestProgram().Call(SbiExtension.SystemReset, 0, 7).Call(SbiExtension.SystemReset, 1).PowerOff().Spin().Build();
        Dictionary<string, ulong> exits = await CountAsync(await CreateAsync(kernel));
        Assert.Equal(new Dictionary<string, ulong> { ["sbi.system-reset"] = 3, ["privileged.reset-and-power"] = 1 }, exits);
    }

    [Fact]
    public async Task Commands_of_htif_are_counted_and_its_end_is_reset_and_power()
    {
        const ulong Code = 0x8000_0000, ToHost = 0x8000_1000;
        var program = new GuestProgram().Add(LoadAddress(T0, ToHost));
        foreach (char c in "abc") program.Add(LoadAddress(T1, 0x0101UL << 48 | c)).Add(Sd(T1, T0, 0));
        // A store beside the word and one that clears it are no commands.
        program.Add(Sd(T1, T0, 64), Sd(Zero, T0, 0), Li(T1, 1), Amo(1, 3, Zero, T0, T1)).Spin();
        byte[] kernel = new ElfBuilder { Entry = Code }.Segment(Code, program.Build()).Segment(ToHost, new byte[128]).Symbol("tohost", ToHost).Build();
        VirtualMachine machine = await CreateAsync(kernel, spec => spec with { StartMode = StartMode.Machine });
        Assert.Equal(new Dictionary<string, ulong> { ["mmio.htif.write"] = 4, ["privileged.reset-and-power"] = 1 }, await CountAsync(machine));
    }

    [Fact]
    public async Task Counters_are_read_for_each_vcpu_while_the_guest_runs()
    {
        uint[] uart = [.. LoadAddress(T0, Uart), Lbu(T1, T0, 5), Jump(-4)];
        uint[] plic = [.. LoadAddress(T0, Plic), Lw(T1, T0, 0), Csrr(T2, 0x340), Jump(-8)];
        byte[] kernel = new GuestProgram().Add(Bne(A0, Zero, (uart.Length + 1) * 4)).Add(uart).Add(plic).Build();
        VirtualMachine machine = await CreateAsync(kernel, spec => spec with { StartMode = StartMode.Machine, VcpuCount = 2, CpuCap = 2 });
        await machine.StartAsync();
        MachineMetrics first = machine.ReadMetrics(), now = first;
        while (now.Vcpus.Zip(first.Vcpus).Any(pair => pair.First.Instructions < pair.Second.Instructions + 1000))
        {
            Cancellation.ThrowIfCancellationRequested();
            now = machine.ReadMetrics();
        }

        Assert.Equal(MachineState.Running, machine.Status.State);
        Assert.Equal(2, now.Vcpus.Count);
        Assert.True(now.Vcpus[0].Exits["mmio.uart.read"] > first.Vcpus[0].Exits["mmio.uart.read"]);
        Assert.True(now.Vcpus[1].Exits["mmio.plic.read"] > first.Vcpus[1].Exits["mmio.plic.read"]);
        Assert.Equal(["mmio.uart.read"], Counted(now.Vcpus[0].Exits).Keys);
        Assert.Equal(["mmio.plic.read", "privileged.system-register"], Counted(now.Vcpus[1].Exits).Keys.Order());
        Assert.Equal(now.Instructions, now.Vcpus[0].Instructions + now.Vcpus[1].Instructions);
        Assert.Equal(now.CpuTime, now.Vcpus[0].CpuTime + now.Vcpus[1].CpuTime);
        foreach ((string name, ulong count) in now.Exits) Assert.Equal(count, now.Vcpus[0].Exits[name] + now.Vcpus[1].Exits[name]);
        foreach ((string name, ulong count) in now.Traps) Assert.Equal(count, now.Vcpus[0].Traps[name] + now.Vcpus[1].Traps[name]);
    }

    [Fact]
    public async Task The_names_are_the_documented_ones()
    {
        VirtualMachine machine = await CreateAsync(new GuestProgram().Spin().Build());
        string[] classes = ["address-mapping", "tlb-invalidation", "cache-maintenance", "system-register", "mode-change", "halt", "reset-and-power"];
        string[] extensions = ["base", "time", "ipi", "remote-fence", "hart-state", "system-reset", "debug-console", "unknown"];
        string[] devices =
        [
            "unmapped", "test", "rtc", "aclint", "plic", "uart", "htif", "virtio-block", "virtio-console", "virtio-entropy", "virtio-input",
            "virtio-scsi", "virtio-empty",
        ];
        string[] documented =
        [
            .. classes.Select(name => $"privileged.{name}"), .. extensions.Select(name => $"sbi.{name}"),
            .. devices.Select(name => $"mmio.{name}.read"), .. devices.Select(name => $"mmio.{name}.write"),
        ];
        Assert.Equal(documented.Order(StringComparer.Ordinal), machine.ReadMetrics().Exits.Keys.Order(StringComparer.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        await _hypervisor.DisposeAsync();
        foreach (GuestImage image in _images) image.Dispose();
    }

    private static Dictionary<string, ulong> Counted(IReadOnlyDictionary<string, ulong> counters) =>
        counters.Where(counter => counter.Value != 0).ToDictionary();

    /// <summary>Runs a guest to its end.</summary>
    /// <returns>Its exits that are not 0.</returns>
    private static async Task<Dictionary<string, ulong>> CountAsync(VirtualMachine machine)
    {
        await machine.StartAsync();
        while (machine.Status.State != MachineState.Stopped) await Task.Delay(1, Cancellation);
        return Counted(machine.ReadMetrics().Exits);
    }

    private async Task<VirtualMachine> CreateAsync(byte[] kernel, Func<MachineSpec, MachineSpec>? change = null)
    {
        GuestImage image = await _hypervisor.LoadImageAsync("test", new MemoryStream(kernel), Cancellation);
        _images.Add(image);
        var spec = new MachineSpec { Name = "test", MemorySize = 64 << 20, Kernel = image, Console = new SerialConsole() };
        return _hypervisor.Create(change is null ? spec : change(spec));
    }
}
