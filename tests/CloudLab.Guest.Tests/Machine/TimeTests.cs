using System.Diagnostics;
using System.Globalization;
using CloudLab.Guest.Tests.Harness;
using CloudLab.Machine;

namespace CloudLab.Guest.Tests.Machine;

public sealed class TimeTests(BootImage image)
{
    [Fact]
    public async Task A_paused_guest_does_nothing_and_its_time_stands_still()
    {
        await using TestGuest guest = await TestGuest.BootAsync(image.Hypervisor, image.Spec("paused"));
        long asked = Stopwatch.GetTimestamp();
        double before = await UptimeAsync(guest);

        await guest.Machine.PauseAsync();
        long paused = Stopwatch.GetTimestamp();
        ulong instructions = guest.Machine.ReadMetrics().Instructions;
        await guest.Shell.TypeAsync("echo typed while $((1+1)) slept\n");
        // Meanwhile another boots: a pause is one machine's own, and takes as long as that takes.
        await using (await TestGuest.BootAsync(image.Hypervisor, image.Spec("meanwhile")))
            Assert.Equal(instructions, guest.Machine.ReadMetrics().Instructions);
        TimeSpan pause = Stopwatch.GetElapsedTime(paused);
        await guest.Machine.ResumeAsync();

        await guest.Shell.WaitForAsync("typed while 2 slept");
        double after = await UptimeAsync(guest);
        // The guest's clock is the host's less the pause, so this holds however slow the host is; a hundredth is how
        // exactly the kernel tells either time.
        double awake = (Stopwatch.GetElapsedTime(asked) - pause).TotalSeconds;
        Assert.InRange(after - before, 0, awake + 0.01);
    }

    [Fact]
    public async Task The_guests_date_is_the_wall_clocks()
    {
        MachineSpec spec = image.Spec("date") with { WallClock = new FixedTime(new(2031, 5, 6, 7, 8, 9, TimeSpan.Zero)) };
        await using TestGuest guest = await TestGuest.BootAsync(image.Hypervisor, spec);
        Assert.Equal("2031-05-06", await guest.Shell.RunAsync("date -u +%F"));
    }

    private static async Task<double> UptimeAsync(TestGuest guest) =>
        double.Parse((await guest.Shell.RunAsync("cat /proc/uptime")).Split(' ')[0], CultureInfo.InvariantCulture);

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
