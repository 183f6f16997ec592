using System.Net;
using CloudLab.Server.Security;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Security;

public sealed class FailedAttemptsTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task Each_failure_from_an_address_waits_longer_up_to_two_seconds()
    {
        var attempts = new FailedAttempts(_time);
        double[] expected = [0.125, 0.25, 0.5, 1, 2, 2];
        foreach (double seconds in expected) Assert.Equal(TimeSpan.FromSeconds(seconds), await WaitOfAsync(attempts, IPAddress.Loopback));

        Assert.Equal(TimeSpan.FromSeconds(0.125), await WaitOfAsync(attempts, IPAddress.IPv6Loopback));
    }

    [Fact]
    public async Task An_address_is_forgiven_after_a_minute()
    {
        var attempts = new FailedAttempts(_time);
        await WaitOfAsync(attempts, IPAddress.Loopback);
        await WaitOfAsync(attempts, IPAddress.Loopback);

        _time.Advance(TimeSpan.FromSeconds(61));

        Assert.Equal(TimeSpan.FromSeconds(0.125), await WaitOfAsync(attempts, IPAddress.Loopback));
    }

    [Fact]
    public async Task No_more_than_64_requests_wait_at_a_time()
    {
        var attempts = new FailedAttempts(_time);
        Task[] waiting = [.. Enumerable.Range(0, 64).Select(_ => attempts.SlowDownAsync(IPAddress.Loopback, TestContext.Current.CancellationToken))];

        await attempts.SlowDownAsync(IPAddress.Loopback, TestContext.Current.CancellationToken);

        Assert.All(waiting, task => Assert.False(task.IsCompleted));
        _time.Advance(TimeSpan.FromSeconds(2));
        await Task.WhenAll(waiting);
    }

    private async Task<TimeSpan> WaitOfAsync(FailedAttempts attempts, IPAddress address)
    {
        Task slow = attempts.SlowDownAsync(address, TestContext.Current.CancellationToken);
        TimeSpan wait = Assert.Single(_time.Waits);
        _time.Advance(wait);
        await slow;
        return wait;
    }
}
