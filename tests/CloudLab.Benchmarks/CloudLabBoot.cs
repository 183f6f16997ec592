using System.Diagnostics;
using CloudLab.Machine;
using CloudLab.Machine.Console;

namespace CloudLab.Benchmarks;

/// <summary>Boots the guest image in this process, once. Runs in a process of its own so that JIT time counts.</summary>
internal static class CloudLabBoot
{
    private const ulong MemorySize = 256UL << 20;
    private static readonly byte[] Prompt = "/ # "u8.ToArray();

    public static async Task<BootSample> RunAsync(string directory, string commandLine)
    {
        await using var hypervisor = new Hypervisor(new HypervisorOptions());
        using GuestImage kernel = await hypervisor.LoadFileAsync(Path.Combine(directory, "kernel"));
        using GuestImage initramfs = await hypervisor.LoadFileAsync(Path.Combine(directory, "initramfs.cpio"));
        var console = new SerialConsole();
        var prompt = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        console.OutputWritten += bytes =>
        {
            if (console.Snapshot().AsSpan().IndexOf(Prompt) >= 0) prompt.TrySetResult();
        };
        await using VirtualMachine machine = hypervisor.Create(new MachineSpec
        {
            Name = "benchmark",
            MemorySize = MemorySize,
            Kernel = kernel,
            Initramfs = initramfs,
            CommandLine = commandLine,
            Console = console,
        });
        await machine.StartAsync();
        await prompt.Task.WaitAsync(TimeSpan.FromMinutes(2));
        MachineMetrics metrics = machine.ReadMetrics();
        using var process = Process.GetCurrentProcess();
        return new BootSample(
            (TimeProvider.System.GetLocalNow() - process.StartTime).TotalSeconds,
            process.TotalProcessorTime.TotalSeconds,
            metrics.Instructions,
            metrics.CpuTime.TotalSeconds);
    }
}
