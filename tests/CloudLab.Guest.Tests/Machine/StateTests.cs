using System.Diagnostics;
using System.Globalization;
using CloudLab.Guest.Tests.Harness;
using CloudLab.Machine;
using CloudLab.Testing;

namespace CloudLab.Guest.Tests.Machine;

public sealed class StateTests(BootImage image)
{
    private const int DiskSize = 16 << 20;

    [Fact]
    public async Task A_guest_of_four_harts_is_saved_while_it_writes_and_goes_on_in_another_machine()
    {
        using var directory = new TempDirectory();
        var disk = new CountingBackend(DiskSize);
        using var state = new MemoryStream();
        string sum;
        double uptime;
        long started;
        var away = new Stopwatch();
        MachineSpec spec = image.Spec("saved") with { VcpuCount = 4, MemorySize = 256UL << 20, Disks = [disk] };
        await using (TestGuest guest = await TestGuest.BootAsync(image.Hypervisor, spec))
        {
            sum = (await guest.Shell.RunAsync("dd if=/dev/urandom of=/tmp/file bs=64k count=128 2>/dev/null; md5sum </tmp/file")).Split(' ')[0];
            started = Stopwatch.GetTimestamp();
            uptime = await UptimeAsync(guest);
            Task busy = disk.AfterAsync(requests: 1000);
            await guest.Shell.TypeAsync(
                "for i in 1 2 3 4; do dd if=/tmp/file of=/dev/vda bs=4k oflag=direct conv=notrunc 2>/dev/null; "
                + "dd if=/dev/vda bs=4k count=2048 iflag=direct 2>/dev/null | md5sum; done; echo $((40 + 2)) done\n");
            await busy;
            away.Start();
            await guest.Machine.PauseAsync();
            await guest.Machine.SaveAsync(state, directory["ram"], TestContext.Current.CancellationToken);
            Assert.Equal(0, disk.InFlight);
            Assert.DoesNotContain("42 done", guest.Shell.Screen);
        }

        state.Position = 0;
        VirtualMachine machine = await image.Hypervisor.RestoreAsync(
            spec with { Name = "restored", Console = new() }, state, directory["ram"], TestContext.Current.CancellationToken);
        await using TestGuest restored = TestGuest.Watch(machine);
        away.Stop();
        await machine.ResumeAsync();
        await restored.Shell.WaitForAsync("42 done\r\n");
        string[] sums = [.. restored.Shell.Screen.Split('\n').Where(line => line.EndsWith("  -\r", StringComparison.Ordinal))];
        Assert.NotEmpty(sums);
        Assert.All(sums, line => Assert.StartsWith(sum, line));

        // The guest's clock goes on, and the time away has not passed for it.
        await restored.Shell.PromptAsync();
        double later = await UptimeAsync(restored);
        double present = (Stopwatch.GetElapsedTime(started) - away.Elapsed).TotalSeconds;
        Assert.InRange(later - uptime, 0, present + 0.02);
        Assert.Equal("4", await restored.Shell.RunAsync("nproc"));
        Assert.Equal(sum, (await restored.Shell.RunAsync("md5sum </tmp/file")).Split(' ')[0]);
        await restored.Shell.RunAsync("! dmesg | grep -E 'I/O error|stall|BUG|Oops'");
    }

    private static async Task<double> UptimeAsync(TestGuest guest) =>
        double.Parse((await guest.Shell.RunAsync("cat /proc/uptime")).Split(' ')[0], CultureInfo.InvariantCulture);
}
