using System.Text;
using CloudLab.ControlPlane.Instances;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Instances;

public sealed class GuestAgentMonitorTests
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _clock = new();
    private readonly GuestAgentMonitor _monitor;

    public GuestAgentMonitorTests() => _monitor = new GuestAgentMonitor(Silence, _clock);

    [Fact]
    public void A_guest_passes_from_its_hello_until_a_minute_of_silence()
    {
        Assert.Equal(CheckStatus.Initializing, _monitor.Check);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(CheckStatus.Initializing, _monitor.Check);
        Say("hello cloudlab-agent 1 6.12.107+deb13-riscv64\n");
        Assert.Equal(CheckStatus.Passed, _monitor.Check);
        Assert.Equal("6.12.107+deb13-riscv64", _monitor.Release);
        _clock.Advance(TimeSpan.FromSeconds(59));
        Say("heartbeat 60\n");
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(CheckStatus.Passed, _monitor.Check);
        Assert.Equal(TimeSpan.FromSeconds(60), _monitor.Uptime);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(CheckStatus.Impaired, _monitor.Check);
        Say("heartbeat 181\n");
        Assert.Equal(CheckStatus.Passed, _monitor.Check);
    }

    [Fact]
    public void A_line_may_come_in_any_portions_and_with_a_carriage_return()
    {
        foreach (char c in "hello cloudlab-agent 1 6.12\r\n") Say(c.ToString());
        Assert.Equal("6.12", _monitor.Release);
    }

    [Fact]
    public void After_a_reset_the_guest_has_to_say_hello_again()
    {
        Say("hello cloudlab-agent 1 6.12\nheart");
        _monitor.Reset();
        Assert.Equal((CheckStatus.Initializing, null), (_monitor.Check, _monitor.Release));
        Say("hello cloudlab-agent 1 6.13\n");
        Assert.Equal((CheckStatus.Passed, "6.13"), (_monitor.Check, _monitor.Release));
    }

    [Fact]
    public void Time_in_which_the_host_paused_the_guest_does_not_count()
    {
        Say("hello cloudlab-agent 1 6.12\n");
        _clock.Advance(TimeSpan.FromMinutes(10));
        _monitor.Excuse();
        Assert.Equal(CheckStatus.Passed, _monitor.Check);
    }

    [Theory]
    [InlineData("hello\n")]
    [InlineData("hello cloudlab-agent 2 6.12\n")]
    [InlineData("hello cloudlab-agent 1 \n")]
    [InlineData("hello cloudlab-agent 1 a b\n")]
    [InlineData("hello cloudlab-agent 1 \u001b[2J\n")]
    [InlineData("heartbeat\n")]
    [InlineData("heartbeat x\n")]
    [InlineData("heartbeat -1\n")]
    [InlineData("heartbeat 1 2\n")]
    [InlineData("heartbeat 99999999999999\n")]
    [InlineData("\n")]
    public void What_is_not_understood_is_counted_and_nothing_else(string line)
    {
        Say(line);
        Assert.Equal((CheckStatus.Initializing, 1, null, null), (_monitor.Check, _monitor.GarbageLines, _monitor.Release, _monitor.Uptime));
    }

    [Fact]
    public void An_endless_line_is_garbage_even_if_it_ends_well()
    {
        Say("hello cloudlab-agent 1 6.12" + new string('x', 100_000));
        Say("\n");
        Assert.Equal((CheckStatus.Initializing, 1), (_monitor.Check, _monitor.GarbageLines));
        Say("hello cloudlab-agent 1 6.12\n");
        Assert.Equal(CheckStatus.Passed, _monitor.Check);
    }

    [Fact]
    public void No_bytes_make_it_throw() => Gen.Byte.Array[0, 600].Array[0, 8].Sample(portions =>
    {
        var monitor = new GuestAgentMonitor(Silence, _clock);
        foreach (byte[] portion in portions) monitor.Receive(portion);
        int lines = portions.Sum(portion => portion.Count(b => b == '\n'));
        Assert.InRange(monitor.GarbageLines, 0, lines);
    });

    private void Say(string text) => _monitor.Receive(Encoding.Latin1.GetBytes(text));
}
