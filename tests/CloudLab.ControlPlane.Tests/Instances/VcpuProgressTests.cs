using CloudLab.ControlPlane.Instances;
using CloudLab.Machine;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Instances;

public sealed class VcpuProgressTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void Progress_and_waiting_pass_and_being_stuck_for_a_minute_does_not()
    {
        var progress = new VcpuProgress(TimeSpan.FromMinutes(1), _clock);
        Assert.Equal(CheckStatus.Initializing, progress.Check(Metrics(0, 0)));
        Assert.Equal(CheckStatus.Passed, progress.Check(Metrics(100, 1)));
        _clock.Advance(TimeSpan.FromHours(1));
        // Neither ran nor wanted to: it waits for an interrupt.
        Assert.Equal(CheckStatus.Passed, progress.Check(Metrics(100, 1)));
        Assert.Equal(CheckStatus.Passed, progress.Check(Metrics(100, 2)));
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(CheckStatus.Passed, progress.Check(Metrics(100, 3)));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(CheckStatus.Impaired, progress.Check(Metrics(100, 4)));
        Assert.Equal(CheckStatus.Passed, progress.Check(Metrics(101, 5)));
    }

    private static MachineMetrics Metrics(ulong instructions, int cpuSeconds) => new(
        instructions, TimeSpan.FromSeconds(cpuSeconds), TimeSpan.Zero, new Dictionary<string, ulong>(), new Dictionary<string, ulong>());
}
