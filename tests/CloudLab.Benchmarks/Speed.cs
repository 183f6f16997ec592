using System.Diagnostics;
using System.Globalization;
using CloudLab.Machine;
using CloudLab.Machine.Console;

namespace CloudLab.Benchmarks;

/// <summary>Integer loops on the interpreter, interleaved with QEMU on the same flat binaries where it is installed.</summary>
internal static class Speed
{
    private const ulong MemorySize = 128UL << 20;

    public static async Task RunAsync(int rounds)
    {
        using var files = new ProgramFiles();
        var empty = new List<double>();
        foreach ((string name, byte[] code) in IntegerLoops.All)
        {
            var ours = new List<(double CpuSeconds, double Mips)>();
            var qemu = new List<double>();
            for (int i = 0; i < rounds; i++)
            {
                ours.Add(await RunHereAsync(code));
                if (!QemuBoot.IsInstalled) continue;
                qemu.Add(await RunQemuAsync(files.Write(name, code)));
                empty.Add(await RunQemuAsync(files.Write("nothing", IntegerLoops.Nothing)));
            }

            Report(name, ours, qemu, empty);
        }
    }

    /// <summary>A fresh machine in this process: the CPU time of its vCPU.</summary>
    private static async Task<(double CpuSeconds, double Mips)> RunHereAsync(byte[] code)
    {
        await using var hypervisor = new Hypervisor(new HypervisorOptions());
        using GuestImage kernel = await hypervisor.LoadImageAsync("loop", new MemoryStream(code), CancellationToken.None);
        await using VirtualMachine machine = hypervisor.Create(new MachineSpec
        {
            Name = "speed",
            MemorySize = MemorySize,
            Kernel = kernel,
            Console = new SerialConsole(),
        });
        using ConsoleAttachment console = machine.Spec.Console.Attach(replay: false);
        await machine.StartAsync();
        while (!(await console.ReadAsync(CancellationToken.None)).Contains(IntegerLoops.Done))
        {
        }

        // The slice that wrote is booked when the machine is parked.
        await machine.PauseAsync();
        MachineMetrics metrics = machine.ReadMetrics();
        return (metrics.CpuTime.TotalSeconds, metrics.Instructions / metrics.CpuTime.TotalSeconds / 1e6);
    }

    private static async Task<double> RunQemuAsync(string file)
    {
        var start = new ProcessStartInfo(
            "qemu-system-riscv64",
            ["-M", "virt", "-m", "128", "-display", "none", "-serial", "stdio", "-monitor", "none", "-kernel", file])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        try
        {
            byte[] output = new byte[4096];
            while (true)
            {
                int length = await process.StandardOutput.BaseStream.ReadAsync(output);
                if (length == 0) throw new EndOfStreamException("QEMU ended before the loop did");
                if (output.AsSpan(0, length).Contains(IntegerLoops.Done)) break;
            }

            process.Refresh();
            return process.TotalProcessorTime.TotalSeconds;
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private static void Report(string name, List<(double CpuSeconds, double Mips)> ours, List<double> qemu, List<double> empty)
    {
        double seconds = Statistics.Median(ours.Select(run => run.CpuSeconds));
        string peer = qemu.Count == 0
            ? "qemu-system-riscv64 is not installed: no peer in this run"
            // Its firmware and start, which the empty program has too, are not the loop's.
            : string.Create(CultureInfo.InvariantCulture, $"QEMU TCG {Statistics.Median(qemu) - Statistics.Median(empty):f2} CPU-s");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {seconds:f2} CPU-s, {Statistics.Median(ours.Select(run => run.Mips)):f0} MIPS; {peer}; medians of {ours.Count}"));
    }

    private sealed class ProgramFiles : IDisposable
    {
        private readonly string _directory = Directory.CreateTempSubdirectory("cloudlab-benchmark-").FullName;

        public string Write(string name, byte[] code)
        {
            string path = Path.Combine(_directory, name);
            File.WriteAllBytes(path, code);
            return path;
        }

        public void Dispose() => Directory.Delete(_directory, recursive: true);
    }
}
