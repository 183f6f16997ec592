using System.Diagnostics;
using System.Globalization;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.Machine;
using CloudLab.Machine.Console;

namespace CloudLab.Benchmarks;

/// <summary>What guests cost that do nothing, and how soon one wakes: many booted to the prompt, then left alone.</summary>
internal static class IdleGuests
{
    private const ulong MemorySize = 96UL << 20;
    private const int Keys = 1000;
    // Long enough for all to have given back the code of their boot, and to have decoded again what they go on running.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(BuiltImage image, int count)
    {
        await using var hypervisor = new Hypervisor(new HypervisorOptions());
        using GuestImage kernel = await hypervisor.LoadFileAsync(image.KernelPath);
        using GuestImage initramfs = await hypervisor.LoadFileAsync(image.InitramfsPath);
        var machines = new List<VirtualMachine>();
        for (int i = 0; i < count; i++)
        {
            machines.Add(hypervisor.Create(new MachineSpec
            {
                Name = $"idle-{i}",
                MemorySize = MemorySize,
                Kernel = kernel,
                Initramfs = initramfs,
                CommandLine = image.Manifest.CommandLine,
                Console = new SerialConsole(),
            }));
            await machines[i].StartAsync();
        }

        foreach (VirtualMachine machine in machines) await PromptAsync(machine.Spec.Console);
        await Task.Delay(Settling);
        using var process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        IdleCost[] costs = [.. machines.Select(machine => IdleCost.Read(machine.ReadMetrics()))];
        var clock = Stopwatch.StartNew();
        await Task.Delay(Period);
        process.Refresh();
        double share = (process.TotalProcessorTime - before) / clock.Elapsed / count;
        var spent = new IdleCost(0, 0, 0, 0, 0);
        for (int i = 0; i < count; i++) spent = spent.Plus(IdleCost.Read(machines[i].ReadMetrics()).Minus(costs[i]));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} idle guests: {share:p3} of a core each; {process.WorkingSet64 >> 20} MiB resident"));
        double seconds = clock.Elapsed.TotalSeconds * count;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"each: vCPU {spent.CpuSeconds / seconds:p3}, {spent.Instructions / seconds:f0} instructions, {spent.Waits / seconds:f2} waits, {spent.Timers / seconds:f2} timer interrupts, {spent.External / seconds:f2} of devices a second"));
        Report("a UART interrupt to a bare guest's answer", await WakeProbe.KeysAsync(hypervisor, Keys));
        Report("a bare guest's timer is late by", await WakeProbe.TimersAsync(hypervisor, Keys));
        double[] milliseconds = await TypeAsync(machines[0].Spec.Console);
        Array.Sort(milliseconds);
        Report("key to echo in one of them, through its terminal", milliseconds);
    }

    private static void Report(string what, double[] milliseconds) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{what}: p50 {milliseconds[Keys / 2]:f2} ms, p99 {milliseconds[Keys * 99 / 100]:f2} ms, of {Keys}"));

    /// <summary>Types one key at a time and waits for its echo: UART interrupt, wake, the guest's terminal, output.</summary>
    private static async Task<double[]> TypeAsync(SerialConsole console)
    {
        using ConsoleAttachment attachment = console.Attach(replay: false);
        double[] milliseconds = new double[Keys];
        for (int i = 0; i < Keys; i++)
        {
            // Half of the keys erase the other half, so that the line stays short.
            byte key = i % 2 == 0 ? (byte)'x' : (byte)'\b';
            long sent = Stopwatch.GetTimestamp();
            attachment.Write([key]);
            await attachment.ReadAsync(CancellationToken.None);
            milliseconds[i] = Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
            await Task.Delay(5);
        }

        return milliseconds;
    }

    private static async Task PromptAsync(SerialConsole console)
    {
        using ConsoleAttachment attachment = console.Attach(replay: true);
        while (console.Snapshot().AsSpan().IndexOf("/ # "u8) < 0) await attachment.ReadAsync(CancellationToken.None);
    }
}
