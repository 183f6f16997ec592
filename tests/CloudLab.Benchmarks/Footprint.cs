using System.Globalization;
using System.Runtime.InteropServices;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.Machine;

namespace CloudLab.Benchmarks;

/// <summary>What a booted, idle guest costs in memory beside its RAM.</summary>
/// <remarks>
/// A first guest boots and stays, so that what the process needs once (compiled code, pools) is not charged to the
/// others. Then N more boot and idle. Counted are the process's anonymous pages (Anonymous and Swap of
/// /proc/self/smaps_rollup) and its page tables (VmPTE), less the anonymous pages in the guests' RAM, which
/// /proc/self/pagemap tells page by page: the kernel merges neighbouring mappings, so their sums would not do. What grew
/// is divided by N. Image pages are shared. Managed memory is collected before each reading: garbage is nobody's.
/// </remarks>
internal static class Footprint
{
    private const ulong MemorySize = 96UL << 20;
    private const int PageSize = 4096;

    public static async Task RunAsync(BuiltImage image, int count, TimeSpan idle)
    {
        await using var hypervisor = new Hypervisor(new HypervisorOptions());
        using BootedGuest guest = await BootedGuest.LoadAsync(hypervisor, image);
        var machines = new List<VirtualMachine> { await BootAsync(hypervisor, guest, 0) };
        await Task.Delay(idle);
        Reading before = Read(machines);
        for (int i = 1; i <= count; i++) machines.Add(await BootAsync(hypervisor, guest, i));
        Reading booted = Read(machines);
        await Task.Delay(idle);
        Reading after = Read(machines);
        Report("after the boot", before, booted, count);
        Report(string.Create(CultureInfo.InvariantCulture, $"{idle.TotalSeconds:f0} s later"), before, after, count);
        foreach (VirtualMachine machine in machines) await machine.DisposeAsync();
    }

    private static async Task<VirtualMachine> BootAsync(Hypervisor hypervisor, BootedGuest guest, int index)
    {
        VirtualMachine machine = hypervisor.Create(guest.Spec($"footprint-{index}", MemorySize));
        await machine.StartAsync();
        await BootedGuest.PromptAsync(machine);
        return machine;
    }

    private static void Report(string when, Reading before, Reading after, int count)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{when}: {Each(after.Beside - before.Beside):f2} MiB beside RAM for each of {count} guests, of it {Each(after.Managed - before.Managed):f2} managed; RAM touched {Each(after.Ram - before.Ram):f1} MiB"));

        double Each(long bytes) => bytes / (double)(1 << 20) / count;
    }

    private static Reading Read(List<VirtualMachine> machines)
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        long all = Kibibytes("/proc/self/smaps_rollup", "Anonymous:") + Kibibytes("/proc/self/smaps_rollup", "Swap:") + Kibibytes("/proc/self/status", "VmPTE:");
        long ram = machines.Sum(machine => AnonymousPages(machine.RamInHost.Start, machine.RamInHost.End)) * PageSize;
        return new Reading((all << 10) - ram, ram, GC.GetTotalMemory(forceFullCollection: false));
    }

    private static long Kibibytes(string file, string field)
    {
        string line = File.ReadLines(file).First(line => line.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Pages of a range that this process alone has. (Linux, Documentation/admin-guide/mm/pagemap.rst.)</summary>
    private static long AnonymousPages(ulong start, ulong end)
    {
        const ulong Present = 1UL << 63, Swapped = 1UL << 62, FileOrShared = 1UL << 61, Exclusive = 1UL << 56;
        byte[] entries = new byte[(end - start) / PageSize * sizeof(ulong)];
        using FileStream pagemap = File.OpenRead("/proc/self/pagemap");
        pagemap.Position = (long)(start / PageSize * sizeof(ulong));
        pagemap.ReadExactly(entries);
        long pages = 0;
        foreach (ulong entry in MemoryMarshal.Cast<byte, ulong>(entries))
        {
            // The page of zeroes, which a mere read maps, is present but not this process's own.
            bool isOwn = (entry & FileOrShared) == 0 && ((entry & Swapped) != 0 || (entry & (Present | Exclusive)) == (Present | Exclusive));
            if (isOwn) pages++;
        }

        return pages;
    }

    private sealed record Reading(long Beside, long Ram, long Managed);
}
