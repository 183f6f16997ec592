using System.Globalization;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.Machine;
using CloudLab.Machine.Console;

namespace CloudLab.Benchmarks;

/// <summary>
/// What a guest's context switches cost: two shells that hand a line to and fro through two pipes, so that each line
/// switches address spaces twice, and a loop that starts a process each time.
/// </summary>
internal static class ContextSwitches
{
    private const int Lines = 5000;
    private const int Processes = 300;

    private const string PingPong =
        "mkfifo /a /b; (while read x; do echo $x; done </a >/b) & exec 3>/a 4</b; i=0;"
        + " while [ $i -lt 5000 ]; do echo $i >&3; read x <&4; i=$((i+1)); done; exec 3>&- 4<&-; rm /a /b; echo to-and-fro don''e";

    private const string Forks = "i=0; while [ $i -lt 300 ]; do /bin/busybox true; i=$((i+1)); done; echo forks don''e";

    public static async Task RunAsync(BuiltImage image, int rounds)
    {
        await using var hypervisor = new Hypervisor(new HypervisorOptions());
        using GuestImage kernel = await hypervisor.LoadFileAsync(image.KernelPath);
        using GuestImage initramfs = await hypervisor.LoadFileAsync(image.InitramfsPath);
        await using LinuxGuest guest = await LinuxGuest.StartAsync(hypervisor, new MachineSpec
        {
            Name = "switches",
            MemorySize = 256UL << 20,
            Kernel = kernel,
            Initramfs = initramfs,
            CommandLine = image.Manifest.CommandLine,
            Console = new SerialConsole(),
        });
        // Once unmeasured: the guest's caches and this process's tiers are warm then.
        await MeasureAsync(guest, PingPong, "to-and-fro done");
        await MeasureAsync(guest, Forks, "forks done");
        var pingPong = new List<Cost>();
        var forks = new List<Cost>();
        for (int i = 0; i < rounds; i++)
        {
            pingPong.Add(await MeasureAsync(guest, PingPong, "to-and-fro done"));
            forks.Add(await MeasureAsync(guest, Forks, "forks done"));
        }

        Report("a line to and fro", pingPong, Lines);
        Report("a process", forks, Processes);
    }

    private static async Task<Cost> MeasureAsync(LinuxGuest guest, string line, string until)
    {
        MachineMetrics before = guest.Machine.ReadMetrics();
        await guest.RunAsync(line, until);
        MachineMetrics after = guest.Machine.ReadMetrics();
        const string MapWrites = "privileged.address-mapping";
        return new Cost(
            (after.CpuTime - before.CpuTime).TotalSeconds,
            after.Instructions - before.Instructions,
            after.Exits.GetValueOrDefault(MapWrites) - before.Exits.GetValueOrDefault(MapWrites));
    }

    private static void Report(string what, List<Cost> costs, int count)
    {
        Cost median = costs.OrderBy(cost => cost.CpuSeconds).ElementAt(costs.Count / 2);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: {median.CpuSeconds / count * 1e6:f1} µs of CPU, {median.Instructions / (double)count:f0} instructions, {median.SatpWrites / (double)count:f2} writes of satp; {median.Instructions / median.CpuSeconds / 1e6:f0} MIPS; median of {costs.Count}"));
    }

    private sealed record Cost(double CpuSeconds, ulong Instructions, ulong SatpWrites);
}
