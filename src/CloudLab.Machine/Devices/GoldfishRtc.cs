using CloudLab.Machine.Memory;
using CloudLab.Machine.State;

namespace CloudLab.Machine.Devices;

/// <summary>Google's goldfish real-time clock: the wall clock in nanoseconds, and an alarm.</summary>
/// <remarks>
/// It follows the <see cref="TimeProvider"/>, also while the machine is paused: what a real clock chip does. One lock
/// guards the registers; the interrupt line is driven with it held. Registers as in Linux's
/// <c>include/clocksource/timer-goldfish.h</c>.
/// </remarks>
internal sealed class GoldfishRtc : IMmioDevice, IDisposable
{
    private const ushort StateVersion = 1;
    private const ulong TimeLow = 0x00;
    private const ulong TimeHigh = 0x04;
    private const ulong AlarmLow = 0x08;
    private const ulong AlarmHigh = 0x0c;
    private const ulong IrqEnabled = 0x10;
    private const ulong ClearAlarm = 0x14;
    private const ulong AlarmStatus = 0x18;
    private const ulong ClearInterrupt = 0x1c;

    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;
    private readonly IInterruptLine _line;
    private readonly ITimer _timer;
    private RtcState _state;
    private long _badAccesses;

    public GoldfishRtc(TimeProvider clock, IInterruptLine line)
    {
        _clock = clock;
        _line = line;
        _timer = clock.CreateTimer(static self => ((GoldfishRtc)self!).CheckAlarm(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Accesses to what is no register.</summary>
    public long BadAccesses => Volatile.Read(ref _badAccesses);

    private ulong Now => unchecked((ulong)((_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100 + _state.Offset));

    /// <summary>Power-on: the wall clock's time, no alarm.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _state = default;
            Rearm();
            _line.Set(false);
        }
    }

    public void Save(MachineStateWriter writer)
    {
        lock (_lock)
        {
            writer.Begin(StateSection.Rtc, StateVersion);
            writer.Write((ulong)_state.Offset);
            writer.Write(_state.TimeHigh);
            writer.Write(_state.NewTimeHigh);
            writer.Write(_state.AlarmHigh);
            writer.Write(_state.Alarm);
            writer.Write(_state.AlarmArmed);
            writer.Write(_state.InterruptEnabled);
            writer.Write(_state.InterruptPending);
            writer.End();
        }
    }

    /// <summary>Takes over what <see cref="Save"/> wrote. The time follows the wall clock: what passed since then has passed.</summary>
    public void Restore(MachineStateReader reader)
    {
        lock (_lock)
        {
            reader.Open(StateSection.Rtc, StateVersion);
            _state = new RtcState
            {
                Offset = (long)reader.ReadUInt64(),
                TimeHigh = reader.ReadUInt32(),
                NewTimeHigh = reader.ReadUInt32(),
                AlarmHigh = reader.ReadUInt32(),
                Alarm = reader.ReadUInt64(),
                AlarmArmed = reader.ReadBool(),
                InterruptEnabled = reader.ReadBool(),
                InterruptPending = reader.ReadBool(),
            };
            reader.Close();
            Rearm();
        }
    }

    public ulong Read(ulong offset, int size)
    {
        if (size == 4)
            lock (_lock)
                switch (offset)
                {
                    case TimeLow:
                        ulong now = Now;
                        _state.TimeHigh = (uint)(now >> 32);
                        return (uint)now;
                    case TimeHigh:
                        return _state.TimeHigh;
                    case AlarmLow:
                        return (uint)_state.Alarm;
                    case AlarmHigh:
                        return _state.Alarm >> 32;
                    case IrqEnabled:
                        return _state.InterruptEnabled ? 1UL : 0;
                    case AlarmStatus:
                        return _state.AlarmArmed ? 1UL : 0;
                }

        Interlocked.Increment(ref _badAccesses);
        return 0;
    }

    public void Write(ulong offset, int size, ulong value)
    {
        if (size != 4 || offset > ClearInterrupt || offset == AlarmStatus || offset % 4 != 0)
        {
            Interlocked.Increment(ref _badAccesses);
            return;
        }

        lock (_lock)
        {
            uint word = (uint)value;
            switch (offset)
            {
                case TimeHigh:
                    _state.NewTimeHigh = word;
                    break;
                case TimeLow:
                    ulong time = ((ulong)_state.NewTimeHigh << 32) | word;
                    _state.Offset = unchecked(_state.Offset + (long)(time - Now));
                    break;
                case AlarmHigh:
                    _state.AlarmHigh = word;
                    break;
                case AlarmLow:
                    _state.Alarm = ((ulong)_state.AlarmHigh << 32) | word;
                    _state.AlarmArmed = true;
                    break;
                case IrqEnabled:
                    _state.InterruptEnabled = (word & 1) != 0;
                    break;
                case ClearAlarm:
                    _state.AlarmArmed = false;
                    break;
                case ClearInterrupt:
                    _state.InterruptPending = false;
                    break;
            }

            Rearm();
        }
    }

    public void Dispose() => _timer.Dispose();

    private void CheckAlarm()
    {
        lock (_lock) Rearm();
    }

    // Brings timer and interrupt line in step with the registers; an alarm that is due fires once.
    private void Rearm()
    {
        TimeSpan wait = Timeout.InfiniteTimeSpan;
        if (_state.AlarmArmed)
        {
            ulong now = Now;
            if (_state.Alarm <= now)
            {
                _state.AlarmArmed = false;
                _state.InterruptPending = true;
            }
            else
            {
                // A timer takes at most 2^32 - 2 ms: a far alarm is looked at again each day.
                long ticks = (long)Math.Min((_state.Alarm - now) / 100 + 1, TimeSpan.TicksPerDay);
                wait = TimeSpan.FromTicks(Math.Max(ticks, TimeSpan.TicksPerMillisecond));
            }
        }

        _timer.Change(wait, Timeout.InfiniteTimeSpan);
        _line.Set(_state.InterruptPending && _state.InterruptEnabled);
    }
}
