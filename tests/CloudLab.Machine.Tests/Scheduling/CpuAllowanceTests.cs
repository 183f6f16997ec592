using CloudLab.Machine.Scheduling;
using Xunit;

namespace CloudLab.Machine.Tests.Scheduling;

public sealed class CpuAllowanceTests
{
    private const long Millisecond = 1_000_000;

    [Fact]
    public void A_full_bucket_holds_one_period_of_the_cap()
    {
        var allowance = new CpuAllowance(0.5, now: 0);
        Assert.Equal(0, allowance.Wait(0));
        allowance.Take(10 * Millisecond - 1, 0);
        Assert.Equal(0, allowance.Wait(0));
        allowance.Take(1, 0);
        Assert.True(allowance.Wait(0) > 0);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(4)]
    public void Running_whenever_allowed_takes_the_cap_over_time(double cap)
    {
        var allowance = new CpuAllowance(cap, now: 0);
        const long Slice = Millisecond / 2;
        long now = 0, used = 0;
        while (now < 2_000 * Millisecond)
        {
            now += allowance.Wait(now);
            // Four vCPUs run a slice each at the same time.
            for (int i = 0; i < 4; i++) allowance.Take(Slice, now + Slice);
            used += 4 * Slice;
            now += Slice;
        }

        // One period to begin with, and at most the slices of the last round too many.
        Assert.InRange(used, (long)(now * cap * 0.99), (long)(now * cap) + (long)(20 * Millisecond * cap) + (4 * Slice));
    }

    [Fact]
    public void After_the_wait_the_machine_may_run()
    {
        var allowance = new CpuAllowance(0.25, now: 0);
        allowance.Take(100 * Millisecond, 0);
        long wait = allowance.Wait(0);
        Assert.True(allowance.Wait(wait - (2 * Millisecond)) > 0);
        Assert.Equal(0, allowance.Wait(wait + 1));
    }

    [Fact]
    public void An_idle_machine_saves_up_one_period_and_no_more()
    {
        var allowance = new CpuAllowance(1, now: 0);
        const long Later = 3_600_000 * Millisecond;
        Assert.Equal(0, allowance.Wait(Later));
        allowance.Take(20 * Millisecond, Later);
        Assert.True(allowance.Wait(Later) > 0);
    }
}
