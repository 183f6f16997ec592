using System.Diagnostics;
using CloudLab.Machine.Devices;
using CloudLab.Machine.State;

namespace CloudLab.Machine;

/// <summary>
/// The guest's time: the host's monotonic clock since the first start, less the time in which the machine was paused.
/// </summary>
internal sealed class GuestClock : IGuestTime
{
    private const ushort StateVersion = 1;

    private static readonly double TicksPerHostTick = (double)VirtMemoryMap.TimebaseFrequency / Stopwatch.Frequency;

    // The clock shows _base while frozen, else _base + (host time - _since).
    private long _since;
    private ulong _base;
    private volatile bool _isRunning;

    /// <inheritdoc/>
    public ulong Ticks => _isRunning ? _base + ToTicks(Stopwatch.GetTimestamp() - _since) : _base;

    /// <summary>Lets the clock run on. No vCPU runs yet.</summary>
    public void Start()
    {
        if (_isRunning) return;
        _since = Stopwatch.GetTimestamp();
        _isRunning = true;
    }

    /// <summary>Stops the clock where it stands. No vCPU runs any more.</summary>
    public void Freeze()
    {
        if (!_isRunning) return;
        _base = Ticks;
        _isRunning = false;
    }

    /// <summary>Back to zero, for a reboot. No vCPU runs.</summary>
    public void Reset()
    {
        _base = 0;
        _since = Stopwatch.GetTimestamp();
    }

    /// <summary>Writes the time at which the clock stands. It is frozen.</summary>
    public void Save(MachineStateWriter writer)
    {
        writer.Begin(StateSection.Clock, StateVersion);
        writer.Write(Ticks);
        writer.End();
    }

    /// <summary>Stands where it stood when it was saved, until <see cref="Start"/>: for the guest no time has passed.</summary>
    public void Restore(MachineStateReader reader)
    {
        reader.Open(StateSection.Clock, StateVersion);
        _base = reader.ReadUInt64();
        reader.Close();
    }

    /// <summary>How long until the clock shows <paramref name="ticks"/>; zero when it does already.</summary>
    public TimeSpan Until(ulong ticks)
    {
        ulong now = Ticks;
        if (ticks <= now) return TimeSpan.Zero;
        const ulong Longest = 3600UL * VirtMemoryMap.TimebaseFrequency;
        return TimeSpan.FromTicks((long)(Math.Min(ticks - now, Longest) * (TimeSpan.TicksPerSecond / VirtMemoryMap.TimebaseFrequency)));
    }

    private static ulong ToTicks(long host) => (ulong)(host * TicksPerHostTick);
}
