using System.Text;
using CloudLab.Machine.Console;
using CloudLab.Machine.Tests.Boot.Elf;
using Xunit;
using static CloudLab.Machine.Tests.Rv64.Asm;

namespace CloudLab.Machine.Tests.Machines;

/// <summary>Kernels without firmware, and the ways in which they talk to the host and end.</summary>
public sealed class BareMetalTests : IAsyncDisposable
{
    private const ulong Code = 0x8000_0000;
    private const ulong ToHost = 0x8000_1000;
    private const ulong FromHost = ToHost + 8;
    private const ulong Data = ToHost + 64;
    private const ulong Memory = 64 << 20;

    private readonly Hypervisor _hypervisor = new(new HypervisorOptions { Workers = 2, MemoryBudget = 4 * Memory });
    private readonly List<GuestImage> _images = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1UL, StopReason.GuestPowerOff, 0)]
    [InlineData(5UL << 1 | 1, StopReason.GuestFailure, 5)]
    [InlineData(0xffff_ffff_ffffUL, StopReason.GuestFailure, int.MaxValue)]
    public async Task An_odd_value_in_tohost_ends_the_machine(ulong value, StopReason reason, int code)
    {
        VirtualMachine machine = await RunAsync(Sending(value).Spin());
        Assert.Equal((reason, code), (machine.Status.StopReason, machine.Status.ExitCode));
    }

    [Fact]
    public async Task A_test_that_stores_its_verdict_by_halves_for_ever_ends_with_its_first()
    {
        var program = new GuestProgram().Add(LoadAddress(T0, ToHost)).Add(Li(Gp, 7 << 1 | 1), Sw(Gp, T0, 0), Sw(Zero, T0, 4), Jump(-8));
        Assert.Equal(7, (await RunAsync(program)).Status.ExitCode);
    }

    [Fact]
    public async Task Console_characters_appear_in_order()
    {
        var program = new GuestProgram();
        foreach (char c in "Hello!\n") Send(program, 0x0101UL << 48 | c);
        Send(program, 0x0100UL << 48); // a read, to which there is no answer
        Assert.Equal("Hello!\n", Output(await RunAsync(Send(program, 1).Spin())));
    }

    [Fact]
    public async Task A_write_call_prints_and_is_answered()
    {
        var program = Calling(64, 1, Code, 4).Add(LoadAddress(T0, Data)).Add(Ld(T1, T0, 0), Slli(T1, T1, 1), Addi(T1, T1, 1))
            .Add(LoadAddress(T0, ToHost)).Add(Sd(T1, T0, 0)).Spin();
        VirtualMachine machine = await RunAsync(program);
        Assert.Equal(4, machine.Status.ExitCode);
        Assert.Equal(program.Build()[..4], machine.Spec.Console.Snapshot());
    }

    [Theory]
    [InlineData(64, 1, 0x1000UL, 4UL, -14)]
    [InlineData(64, 1, Code, ulong.MaxValue, 1 << 16)]
    [InlineData(64, 3, Code, 4UL, -9)]
    [InlineData(57, 1, 0UL, 0UL, -38)]
    public async Task A_bad_call_gets_an_error(int number, int file, ulong address, ulong length, int result)
    {
        // The verdict is whether the answer is the expected one.
        var program = Calling(number, file, address, length).Add(LoadAddress(T0, Data)).Add(Ld(T1, T0, 0))
            .Add(LoadAddress(T2, (ulong)result)).Add(R(0x20, 0, 0x33, T1, T1, T2), Slli(T1, T1, 1), Addi(T1, T1, 1))
            .Add(LoadAddress(T0, ToHost)).Add(Sd(T1, T0, 0)).Spin();
        Assert.Equal(0, (await RunAsync(program)).Status.ExitCode);
    }

    [Fact]
    public async Task An_exit_call_ends_with_its_status()
    {
        Assert.Equal(3, (await RunAsync(Calling(93, 3, 0, 0).Spin())).Status.ExitCode);
    }

    [Fact]
    public async Task A_call_that_lies_nowhere_is_taken_and_forgotten()
    {
        var program = Sending(0x1000).Add(Ld(T2, T0, 0), Addi(T2, T2, 9 << 1 | 1), Sd(T2, T0, 0)).Spin();
        Assert.Equal(9, (await RunAsync(program)).Status.ExitCode);
    }

    [Fact]
    public async Task An_atomic_store_to_tohost_is_seen_too()
    {
        var program = new GuestProgram().Add(LoadAddress(T0, ToHost)).Add(Li(T1, 4 << 1 | 1), Amo(1, 3, Zero, T0, T1)).Spin();
        Assert.Equal(4, (await RunAsync(program)).Status.ExitCode);
    }

    [Fact]
    public async Task A_store_across_the_edge_of_the_page_is_seen_too()
    {
        // Its last four bytes are tohost's first.
        var program = new GuestProgram().Add(LoadAddress(T0, ToHost - 4)).Add(LoadAddress(T1, (6UL << 1 | 1) << 32)).Add(Sd(T1, T0, 0)).Spin();
        Assert.Equal(6, (await RunAsync(program)).Status.ExitCode);
    }

    [Fact]
    public async Task All_harts_start_and_may_share_the_page_of_tohost()
    {
        // Each hart adds 1 << its id a thousand times to what is there; the first waits for the sum of all.
        int sum = 'x' + (0b1111 * 1000);
        var program = new GuestProgram().Add(LoadAddress(T0, Data)).Add(Li(T1, 1), R(0, 1, 0x33, T1, T1, A0), Li(T2, 1000))
            .Add(Amo(0, 3, Zero, T0, T1), Addi(T2, T2, -1), Bne(T2, Zero, -8), Beq(A0, Zero, 8)).Spin()
            .Add(LoadAddress(T2, (ulong)sum)).Add(Ld(T1, T0, 0), Bne(T1, T2, -4));
        VirtualMachine machine = await RunAsync(Send(program, 1).Spin(), vcpus: 4);
        Assert.Equal(StopReason.GuestPowerOff, machine.Status.StopReason);
    }

    [Fact]
    public async Task A_reset_loads_the_kernel_afresh()
    {
        var program = new GuestProgram().Add(LoadAddress(T0, Data)).Add(Ld(T1, T0, 0), Addi(T2, T1, 1), Sd(T2, T0, 0))
            .Add(LoadAddress(T0, 0x0101UL << 48)).Add(Add(T1, T1, T0)).Add(LoadAddress(T0, ToHost)).Add(Sd(T1, T0, 0)).Spin();
        VirtualMachine machine = await CreateAsync(Elf(program));
        using ConsoleAttachment console = machine.Spec.Console.Attach(replay: true);
        await machine.StartAsync();
        Assert.Equal("x"u8.ToArray(), await console.ReadAsync(Cancellation));
        await machine.ResetAsync();
        Assert.Equal("x"u8.ToArray(), await console.ReadAsync(Cancellation));
    }

    [Theory]
    [InlineData(StartMode.Machine, 0x8000_0000UL)]
    [InlineData(StartMode.Supervisor, 0x8020_0000UL)]
    public async Task A_flat_binary_starts_where_it_expects_to(StartMode mode, ulong address)
    {
        // Ends with success at the expected address, with 1 elsewhere.
        var program = new GuestProgram().Add(Auipc(S0, 0)).Add(LoadAddress(T0, address)).Add(LoadAddress(T1, 0x10_0000))
            .Add(LoadAddress(T2, 0x1_3333)).Add(Bne(S0, T0, 14 * 4)).Add(LoadAddress(T2, 0x5555)).Add(Sw(T2, T1, 0)).Spin();
        Assert.Equal(0, (await RunAsync(program.Build(), mode)).Status.ExitCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(42)]
    public async Task A_program_in_user_mode_traps_into_supervisor_mode(int code)
    {
        VirtualMachine machine = await RunAsync(TeachingKernel.Build(code));
        Assert.Equal(code, machine.Status.ExitCode);
        Assert.Equal(TeachingKernel.Message, Output(machine));
        Assert.Equal((ulong)TeachingKernel.Message.Length + 1, machine.ReadMetrics().Traps["exception.ecall-from-user"]);
    }

    [Fact]
    public async Task A_tohost_outside_RAM_or_firmware_beside_machine_mode_is_refused()
    {
        GuestImage elf = await ImageAsync(new ElfBuilder().Segment(Code, new byte[4]).Symbol("tohost", 0x1000).Build());
        MachineSpec spec = Spec(elf);
        Assert.Contains("tohost at 0x1000", Refusal(spec), StringComparison.Ordinal);
        Assert.Contains("cannot have one", Refusal(spec with { Firmware = elf }), StringComparison.Ordinal);
        Assert.Contains("flat binary", Refusal(spec with { Firmware = elf, StartMode = StartMode.Supervisor }), StringComparison.Ordinal);
        Assert.Equal(0UL, _hypervisor.MemoryInUse);

        string Refusal(MachineSpec refused) => Assert.Throws<MachineException>(() => _hypervisor.Create(refused)).Message;
    }

    public async ValueTask DisposeAsync()
    {
        await _hypervisor.DisposeAsync();
        foreach (GuestImage image in _images) image.Dispose();
    }

    private static GuestProgram Sending(ulong command) => Send(new GuestProgram(), command);

    /// <summary>Stores to tohost, whose address is then in t0.</summary>
    private static GuestProgram Send(GuestProgram program, ulong command) =>
        program.Add(LoadAddress(T0, ToHost)).Add(LoadAddress(T1, command)).Add(Sd(T1, T0, 0));

    /// <summary>Makes a system call with its numbers at <see cref="Data"/>, and waits for the answer.</summary>
    private static GuestProgram Calling(int number, int file, ulong address, ulong length)
    {
        var program = new GuestProgram().Add(LoadAddress(S0, Data)).Add(Li(T1, number), Sd(T1, S0, 0), Li(T1, file), Sd(T1, S0, 8))
            .Add(LoadAddress(T1, address)).Add(Sd(T1, S0, 16)).Add(LoadAddress(T1, length)).Add(Sd(T1, S0, 24));
        return Send(program, Data).Add(LoadAddress(T0, FromHost)).Add(Ld(T1, T0, 0), Beq(T1, Zero, -4), Sd(Zero, T0, 0));
    }

    private static byte[] Elf(GuestProgram program)
    {
        byte[] data = new byte[128];
        data[Data - ToHost] = (byte)'x';
        return new ElfBuilder { Entry = Code }.Segment(Code, program.Build()).Segment(ToHost, data)
            .Symbol("tohost", ToHost).Symbol("fromhost", FromHost).Build();
    }

    private static MachineSpec Spec(GuestImage kernel) => new()
    {
        Name = "bare",
        MemorySize = Memory,
        Kernel = kernel,
        StartMode = StartMode.Machine,
        Console = new SerialConsole(),
    };

    private static string Output(VirtualMachine machine) => Encoding.ASCII.GetString(machine.Spec.Console.Snapshot());

    private Task<VirtualMachine> RunAsync(GuestProgram program, int vcpus = 1) => RunAsync(Elf(program), StartMode.Machine, vcpus);

    /// <summary>Runs a kernel until its machine has stopped.</summary>
    private async Task<VirtualMachine> RunAsync(byte[] kernel, StartMode mode = StartMode.Machine, int vcpus = 1)
    {
        VirtualMachine machine = await CreateAsync(kernel, mode, vcpus);
        var stopped = new TaskCompletionSource();
        machine.StatusChanged += status =>
        {
            if (status.State == MachineState.Stopped) stopped.TrySetResult();
        };
        await machine.StartAsync();
        await stopped.Task.WaitAsync(Cancellation);
        return machine;
    }

    private async Task<VirtualMachine> CreateAsync(byte[] kernel, StartMode mode = StartMode.Machine, int vcpus = 1) =>
        _hypervisor.Create(Spec(await ImageAsync(kernel)) with { StartMode = mode, VcpuCount = vcpus });

    private async Task<GuestImage> ImageAsync(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        GuestImage image = await _hypervisor.LoadImageAsync("bare", stream, Cancellation);
        _images.Add(image);
        return image;
    }
}
