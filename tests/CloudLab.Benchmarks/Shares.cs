using System.Globalization;
using CloudLab.Machine;
using CloudLab.Machine.Console;

namespace CloudLab.Benchmarks;

/// <summary>What busy machines of different weights and caps get of two workers, beside what they should.</summary>
internal static class Shares
{
    private const int Workers = 2;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    // Endless loops, one a hart: flat code that the boot hart enters. "j ."
    private static readonly byte[] Spin = [0x6f, 0x00, 0x00, 0x00];

    /// <summary>Each mix: weight and cap of its machines, of one vCPU each.</summary>
    private static readonly (int Weight, double Cap)[][] Mixes =
    [
        [(100, 2), (100, 2), (100, 2)],
        [(100, 2), (200, 2), (400, 2)],
        [(100, 0.5), (100, 0.5), (100, 0.5)],
        [(100, 0.25), (100, 2), (100, 2), (200, 2)],
    ];

    public static async Task RunAsync()
    {
        foreach ((int Weight, double Cap)[] mix in Mixes)
        {
            double[] shares = await MeasureAsync(mix);
            // On a busy host the workers get less than their two cores: what they got is what there was to share.
            double[] fair = Fair(mix, shares.Sum());
            double worst = shares.Zip(fair, (share, wanted) => Math.Abs(share - wanted) / wanted).Max();
            string detail = string.Join(", ", mix.Select((m, i) => string.Create(
                CultureInfo.InvariantCulture, $"weight {m.Weight} cap {m.Cap}: {shares[i]:f3} of {fair[i]:f3}")));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{detail}; off by at most {worst:p1}"));
        }
    }

    private static async Task<double[]> MeasureAsync((int Weight, double Cap)[] mix)
    {
        await using var hypervisor = new Hypervisor(new HypervisorOptions { Workers = Workers });
        using GuestImage kernel = await hypervisor.LoadImageAsync("spin", new MemoryStream(Spin), CancellationToken.None);
        VirtualMachine[] machines = [.. mix.Select((m, i) => hypervisor.Create(new MachineSpec
        {
            Name = $"share-{i}",
            MemorySize = 64UL << 20,
            CpuWeight = m.Weight,
            CpuCap = m.Cap,
            Kernel = kernel,
            Console = new SerialConsole(),
        }))];
        foreach (VirtualMachine machine in machines) await machine.StartAsync();
        await Task.Delay(TimeSpan.FromSeconds(1));
        TimeSpan[] before = [.. machines.Select(machine => machine.ReadMetrics().CpuTime)];
        await Task.Delay(Period);
        return [.. machines.Select((machine, i) => (machine.ReadMetrics().CpuTime - before[i]) / Period)];
    }

    /// <summary>
    /// Cores for each: by weight, none above its cap or what one worker got of a busy host, and what is left goes to the
    /// others. No mix leaves a worker idle but the one whose machines are all alike.
    /// </summary>
    private static double[] Fair((int Weight, double Cap)[] mix, double cores)
    {
        double[] fair = new double[mix.Length];
        double left = cores;
        var open = Enumerable.Range(0, mix.Length).ToHashSet();
        while (open.Count > 0)
        {
            double weights = open.Sum(i => mix[i].Weight);
            int[] bounded = [.. open.Where(i => left * mix[i].Weight / weights >= Math.Min(cores / Workers, mix[i].Cap))];
            foreach (int i in bounded.Length > 0 ? bounded : [.. open])
                fair[i] = bounded.Length > 0 ? Math.Min(cores / Workers, mix[i].Cap) : left * mix[i].Weight / weights;
            if (bounded.Length == 0) break;
            left -= bounded.Sum(i => fair[i]);
            open.ExceptWith(bounded);
        }

        return fair;
    }
}
