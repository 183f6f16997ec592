using System.Text;
using CloudLab.Machine.Console;
using CloudLab.Machine.Devices.Virtio.Block;
using Xunit;

namespace CloudLab.Machine.Tests.Machines;

/// <summary>A hypervisor that promises more memory than it has, and machines that want it.</summary>
internal sealed class PressureHost(ulong budget, double overcommit) : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("cloudlab-pressure-");

    public Hypervisor Hypervisor { get; } = new(new HypervisorOptions { Workers = 2, MemoryBudget = budget, MemoryOvercommit = overcommit });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async Task<MachineSpec> SpecAsync(GuestProgram program, int vcpus = 1, params IReadOnlyList<IBlockBackend> disks)
    {
        GuestImage kernel = await Hypervisor.LoadImageAsync("pressure", new MemoryStream(program.Build()), Cancellation);
        return new MachineSpec
        {
            Name = "pressure",
            MemorySize = PressureGuest.MemorySize,
            VcpuCount = vcpus,
            CpuCap = 8,
            Kernel = kernel,
            StartMode = StartMode.Machine,
            Disks = disks,
            Console = new SerialConsole(),
        };
    }

    public async Task<VirtualMachine> StartAsync(GuestProgram program, int vcpus = 1, params IReadOnlyList<IBlockBackend> disks)
    {
        VirtualMachine machine = Hypervisor.Create(await SpecAsync(program, vcpus, disks));
        await machine.StartAsync();
        return machine;
    }

    public string NewFile() => Path.Combine(_directory.FullName, Path.GetRandomFileName());

    /// <summary>Waits until the machine is paused for want of memory.</summary>
    public static Task StarvedAsync(VirtualMachine machine) =>
        UntilAsync(machine, () => machine.Status is { State: MachineState.Paused, PauseReason: PauseReason.InsufficientHostMemory });

    /// <summary>Waits until the guest has printed the text.</summary>
    public static Task SaidAsync(VirtualMachine machine, string text) => UntilAsync(machine, () => Output(machine).Contains(text, StringComparison.Ordinal));

    public static Task StoppedAsync(VirtualMachine machine) => UntilAsync(machine, () => machine.Status.State == MachineState.Stopped);

    public static string Output(VirtualMachine machine) => Encoding.ASCII.GetString(machine.Spec.Console.Snapshot());

    public async ValueTask DisposeAsync()
    {
        await Hypervisor.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private static async Task UntilAsync(VirtualMachine machine, Func<bool> holds)
    {
        while (!holds())
        {
            if (Cancellation.IsCancellationRequested) Assert.Fail($"{machine.Status}, said '{Output(machine)}'");
            await Task.Delay(1, CancellationToken.None);
        }
    }
}
