using CloudLab.Machine.Devices;
using Xunit;

namespace CloudLab.Machine.Tests.Devices;

public sealed class GoldfishRtcTests : IDisposable
{
    private readonly ManualClock _clock = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
    private readonly FakeLine _line = new();
    private readonly GoldfishRtc _rtc;

    public GoldfishRtcTests() => _rtc = new GoldfishRtc(_clock, _line);

    private ulong WallClock => (ulong)(_clock.Now - DateTimeOffset.UnixEpoch).Ticks * 100;

    public void Dispose() => _rtc.Dispose();

    [Fact]
    public void The_time_is_the_wall_clocks_and_its_halves_belong_together()
    {
        ulong low = _rtc.Read(0, 4);
        ulong expected = WallClock;
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(expected, (_rtc.Read(4, 4) << 32) | low);
        Assert.Equal(WallClock, Time());
    }

    [Fact]
    public void A_guest_sets_its_own_time_until_reset()
    {
        _rtc.Write(4, 4, 0x1000_0000);
        _rtc.Write(0, 4, 42);
        Assert.Equal(0x1000_0000_0000_002aUL, Time());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0x1000_0000_0000_002aUL + 1_000_000_000, Time());
        _rtc.Reset();
        Assert.Equal(WallClock, Time());
    }

    [Fact]
    public void An_alarm_interrupts_once_when_it_is_due()
    {
        SetAlarm(WallClock + 5_000_000_000);
        _rtc.Write(0x10, 4, 1);
        Assert.Equal(1u, _rtc.Read(0x18, 4));
        _clock.Advance(TimeSpan.FromSeconds(4));
        Assert.False(_line.Level);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(_line.Level);
        Assert.Equal(0u, _rtc.Read(0x18, 4));
        _rtc.Write(0x1c, 4, 1);
        Assert.False(_line.Level);
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.False(_line.Level);
    }

    [Fact]
    public void A_cleared_or_disabled_alarm_does_not_interrupt()
    {
        _rtc.Write(0x10, 4, 1);
        SetAlarm(WallClock + 1_000_000_000);
        _rtc.Write(0x14, 4, 1);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.False(_line.Level);
        _rtc.Write(0x10, 4, 0);
        SetAlarm(0);
        Assert.False(_line.Level);
        _rtc.Write(0x10, 4, 1);
        Assert.True(_line.Level);
        _rtc.Reset();
        Assert.False(_line.Level);
    }

    [Fact]
    public void An_alarm_at_the_end_of_time_is_no_error()
    {
        SetAlarm(ulong.MaxValue);
        _clock.Advance(TimeSpan.FromDays(400));
        Assert.Equal(1u, _rtc.Read(0x18, 4));
    }

    [Fact]
    public void Other_accesses_are_counted()
    {
        Assert.Equal(0u, _rtc.Read(0x20, 4));
        Assert.Equal(0u, _rtc.Read(0, 8));
        _rtc.Write(0x18, 4, 1);
        _rtc.Write(0x100, 4, 1);
        _rtc.Write(2, 4, 1);
        Assert.Equal(5, _rtc.BadAccesses);
    }

    private ulong Time()
    {
        ulong low = _rtc.Read(0, 4);
        return (_rtc.Read(4, 4) << 32) | low;
    }

    private void SetAlarm(ulong nanoseconds)
    {
        _rtc.Write(0x0c, 4, nanoseconds >> 32);
        _rtc.Write(0x08, 4, (uint)nanoseconds);
    }
}
