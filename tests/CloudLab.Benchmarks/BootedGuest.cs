using CloudLab.ControlPlane.Images.Building;
using CloudLab.Machine;
using CloudLab.Machine.Console;

namespace CloudLab.Benchmarks;

/// <summary>The guest image as benchmarks boot it.</summary>
internal sealed class BootedGuest : IDisposable
{
    private readonly GuestImage _kernel;
    private readonly GuestImage _initramfs;
    private readonly string _commandLine;

    private BootedGuest(GuestImage kernel, GuestImage initramfs, string commandLine)
    {
        _kernel = kernel;
        _initramfs = initramfs;
        _commandLine = commandLine;
    }

    public static async Task<BootedGuest> LoadAsync(Hypervisor hypervisor, BuiltImage image) =>
        new(await LoadAsync(hypervisor, image.KernelPath), await LoadAsync(hypervisor, image.InitramfsPath), image.Manifest.CommandLine);

    public MachineSpec Spec(string name, ulong memorySize) => new()
    {
        Name = name,
        MemorySize = memorySize,
        Kernel = _kernel,
        Initramfs = _initramfs,
        CommandLine = _commandLine,
        Console = new SerialConsole(),
    };

    /// <summary>Waits for the shell's prompt.</summary>
    public static async Task PromptAsync(VirtualMachine machine)
    {
        SerialConsole console = machine.Spec.Console;
        using ConsoleAttachment attachment = console.Attach(replay: true);
        while (console.Snapshot().AsSpan().IndexOf("/ # "u8) < 0) await attachment.ReadAsync(CancellationToken.None);
    }

    public void Dispose()
    {
        _kernel.Dispose();
        _initramfs.Dispose();
    }

    private static async Task<GuestImage> LoadAsync(Hypervisor hypervisor, string path)
    {
        await using FileStream file = File.OpenRead(path);
        return await hypervisor.LoadImageAsync(Path.GetFileName(path), file, CancellationToken.None);
    }
}
