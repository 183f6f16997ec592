using System.Buffers.Binary;
using CloudLab.Machine.Console;
using CloudLab.Machine.Devices.Virtio.Block;
using Xunit;

namespace CloudLab.Machine.Tests.State;

/// <summary>A hypervisor, the guest of <see cref="StateGuest"/> and a directory for RAM files.</summary>
internal sealed class StateHost : IAsyncDisposable
{
    private GuestImage _kernel = null!;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("cloudlab-state-");
    private int _files;

    public Hypervisor Hypervisor { get; } = new(new HypervisorOptions { Workers = 2, MemoryBudget = 1UL << 40 });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<StateHost> CreateAsync()
    {
        var host = new StateHost();
        host._kernel = await host.Hypervisor.LoadImageAsync("guest", new MemoryStream(StateGuest.Build()), Cancellation);
        return host;
    }

    public MachineSpec Spec(IBlockBackend disk) => new()
    {
        Name = "guest",
        VcpuCount = StateGuest.Harts,
        MemorySize = StateGuest.MemorySize,
        CpuCap = 8,
        Kernel = _kernel,
        Disks = [disk],
        Console = new SerialConsole(),
    };

    public string NewFile() => Path.Combine(_directory.FullName, $"ram-{_files++}");

    public async Task<(byte[] State, string RamFile)> SaveAsync(VirtualMachine machine)
    {
        using var state = new MemoryStream();
        string file = NewFile();
        await machine.SaveAsync(state, file, Cancellation);
        return (state.ToArray(), file);
    }

    public Task<VirtualMachine> RestoreAsync(MachineSpec spec, byte[] state, string ramFile) =>
        Hypervisor.RestoreAsync(spec, new MemoryStream(state), ramFile, Cancellation);

    /// <summary>Waits until the guest has printed at least this many dots more.</summary>
    public static async Task DotsAsync(VirtualMachine machine, int count)
    {
        using ConsoleAttachment console = machine.Spec.Console.Attach(replay: false);
        while (count > 0) count -= (await console.ReadAsync(Cancellation)).Count(b => b == '.');
    }

    /// <summary>A number in a saved machine's RAM.</summary>
    public static ulong Read64(string ramFile, int offset)
    {
        byte[] bytes = new byte[8];
        using FileStream file = File.OpenRead(ramFile);
        file.Position = offset;
        file.ReadExactly(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    public async ValueTask DisposeAsync()
    {
        await Hypervisor.DisposeAsync();
        _kernel.Dispose();
        _directory.Delete(recursive: true);
    }
}
