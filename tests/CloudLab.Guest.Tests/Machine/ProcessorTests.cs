using System.Globalization;
using CloudLab.Guest.Tests.Harness;

namespace CloudLab.Guest.Tests.Machine;

public sealed class ProcessorTests(BootImage image)
{
    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public async Task A_guest_uses_all_its_vcpus(int count)
    {
        await using TestGuest guest = await TestGuest.BootAsync(image.Hypervisor, image.Spec($"smp-{count}") with { VcpuCount = count });
        Assert.Equal(count.ToString(CultureInfo.InvariantCulture), await guest.Shell.RunAsync("nproc"));

        // One process is bound to each and computes a checksum of its own; all run at once.
        string sums = await guest.Shell.RunAsync(
            $"(for i in $(seq 0 {count - 1}); do taskset -c $i sh -c 'seq 20000 | sha256sum' & done; wait)");
        string[] lines = sums.Split('\n');
        Assert.Equal(count, lines.Length);
        Assert.Single(lines.Distinct());
        Assert.All(await BusyTicksAsync(guest), ticks => Assert.NotEqual(0, ticks));
    }

    /// <summary>How many ticks each vCPU has spent in user mode.</summary>
    private static async Task<long[]> BusyTicksAsync(TestGuest guest)
    {
        string text = await guest.Shell.RunAsync("grep '^cpu[0-9]' /proc/stat");
        return [.. text.Split('\n').Select(line => long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture))];
    }
}
