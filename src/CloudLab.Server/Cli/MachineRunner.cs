using System.Diagnostics;
using System.Globalization;
using CloudLab.Machine;
using CloudLab.Machine.Console;
using CloudLab.Server.Hosting;
using Terminal = System.Console;

namespace CloudLab.Server.Cli;

/// <summary>Runs one machine to its end.</summary>
internal static class MachineRunner
{
    // As timeout(1).
    private const int TimedOut = 124;

    /// <summary>Runs what is asked for.</summary>
    /// <param name="run">The machine.</param>
    /// <param name="guestOutput">Receives the console as it is; null for the process's own terminal or pipe.</param>
    /// <param name="error">For what goes wrong, and counters.</param>
    /// <param name="cancellationToken">Ends the machine.</param>
    /// <returns>What the process returns.</returns>
    /// <exception cref="StartupException">The files cannot be read or the machine cannot be made.</exception>
    public static async Task<int> RunAsync(MachineRun run, Stream? guestOutput, TextWriter error, CancellationToken cancellationToken)
    {
        var console = new SerialConsole();
        using Stream? own = guestOutput is null ? Terminal.OpenStandardOutput() : null;
        console.OutputWritten += new GuestOutput(guestOutput ?? own!).Write;
        if (guestOutput is null) TerminalInput.Forward(console);
        try
        {
            return await RunAsync(run, console, error, cancellationToken);
        }
        catch (Exception e) when (e is MachineException or IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            throw new StartupException(e.Message, e);
        }
    }

    private static async Task<int> RunAsync(MachineRun run, SerialConsole console, TextWriter error, CancellationToken cancellationToken)
    {
        await using var hypervisor = new Hypervisor(new HypervisorOptions());
        using GuestImage kernel = await LoadAsync(hypervisor, run.Kernel, cancellationToken);
        using GuestImage? firmware = run.Firmware is null ? null : await LoadAsync(hypervisor, run.Firmware, cancellationToken);
        using GuestImage? initramfs = run.Initramfs is null ? null : await LoadAsync(hypervisor, run.Initramfs, cancellationToken);
        var spec = new MachineSpec
        {
            Name = Path.GetFileName(run.Kernel),
            VcpuCount = run.Vcpus,
            MemorySize = run.Memory,
            CpuCap = run.Vcpus,
            Kernel = kernel,
            StartMode = run.Mode ?? (firmware is null ? kernel.SuggestStartMode() : StartMode.Supervisor),
            Firmware = firmware,
            Initramfs = initramfs,
            Console = console,
        };
        if (run.CommandLine is not null) spec = spec with { CommandLine = run.CommandLine };
        VirtualMachine machine = hypervisor.Create(spec);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        machine.StatusChanged += status =>
        {
            if (status.State == MachineState.Stopped) stopped.TrySetResult();
        };
        long start = Stopwatch.GetTimestamp();
        await machine.StartAsync();
        bool isTimedOut = false;
        try
        {
            await stopped.Task.WaitAsync(run.Timeout ?? Timeout.InfiniteTimeSpan, cancellationToken);
        }
        catch (TimeoutException)
        {
            await machine.StopAsync();
            isTimedOut = machine.Status.StopReason == StopReason.Requested;
        }

        if (run.ShowsStats) await ShowStatsAsync(machine.ReadMetrics(), Stopwatch.GetElapsedTime(start), error);
        if (isTimedOut)
        {
            await error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"The machine did not end within {run.Timeout!.Value.TotalSeconds} s."));
            return TimedOut;
        }

        if (machine.Status.StopReason == StopReason.InternalError) throw new StartupException(machine.Status.Detail!);
        return machine.Status.ExitCode is { } code and not 0 ? Math.Clamp(code, 1, byte.MaxValue) : ExitCode.Ok;
    }

    private static async Task<GuestImage> LoadAsync(Hypervisor hypervisor, string path, CancellationToken cancellationToken)
    {
        await using FileStream file = File.OpenRead(path);
        return await hypervisor.LoadImageAsync(Path.GetFileName(path), file, cancellationToken);
    }

    private static async Task ShowStatsAsync(MachineMetrics metrics, TimeSpan elapsed, TextWriter error)
    {
        double seconds = metrics.CpuTime.TotalSeconds;
        double mips = seconds > 0 ? metrics.Instructions / seconds / 1e6 : 0;
        await error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"instructions {metrics.Instructions}, CPU {seconds:F3} s, {mips:F1} MIPS, elapsed {elapsed.TotalSeconds:F3} s"));
        await ShowAsync("exits", metrics.Exits);
        await ShowAsync("traps", metrics.Traps);

        async Task ShowAsync(string title, IReadOnlyDictionary<string, ulong> counters)
        {
            await error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{title} {counters.Values.Aggregate(0UL, (sum, n) => sum + n)}"));
            foreach ((string name, ulong count) in counters.Where(counter => counter.Value > 0))
                await error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {name} {count}"));
        }
    }

    /// <summary>Writes at once, so that a guest waits for a slow reader; one that went away is no fault of the guest's.</summary>
    private sealed class GuestOutput(Stream stream)
    {
        private readonly Lock _lock = new();

        public void Write(ReadOnlyMemory<byte> bytes)
        {
            try
            {
                lock (_lock)
                {
                    stream.Write(bytes.Span);
                    stream.Flush();
                }
            }
            catch (IOException)
            {
                // As for any program at the head of a closed pipe: what it prints is lost, how it ends is not.
            }
        }
    }
}
