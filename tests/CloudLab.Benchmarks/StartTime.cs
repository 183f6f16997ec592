using System.Diagnostics;
using System.Globalization;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.Machine;

namespace CloudLab.Benchmarks;

/// <summary>How long a machine takes from the call that creates it to its first instructions, the images being loaded.</summary>
internal static class StartTime
{
    private const ulong MemorySize = 128UL << 20;
    private const int WarmUp = 20;

    public static async Task RunAsync(BuiltImage image, int count)
    {
        await using var hypervisor = new Hypervisor(new HypervisorOptions());
        using BootedGuest guest = await BootedGuest.LoadAsync(hypervisor, image);
        double[] create = new double[count];
        double[] whole = new double[count];
        for (int i = -WarmUp; i < count; i++)
        {
            MachineSpec spec = guest.Spec($"start-{i}", MemorySize);
            long start = Stopwatch.GetTimestamp();
            await using VirtualMachine machine = hypervisor.Create(spec);
            double created = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            // Ends after the first slice of the boot hart, so what is measured is a little longer than what is promised.
            await machine.StartAsync();
            if (i < 0) continue;
            create[i] = created;
            whole[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Report("to the machine", create);
        Report("to its first instructions", whole);
    }

    private static void Report(string what, double[] milliseconds)
    {
        Array.Sort(milliseconds);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: p50 {milliseconds[milliseconds.Length / 2]:f2} ms, p99 {milliseconds[milliseconds.Length * 99 / 100]:f2} ms, most {milliseconds[^1]:f2} ms, of {milliseconds.Length}"));
    }
}
