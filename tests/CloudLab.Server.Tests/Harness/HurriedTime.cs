namespace CloudLab.Server.Tests.Harness;

/// <summary>The system's time, but nothing is waited for.</summary>
internal sealed class HurriedTime : TimeProvider
{
    private int _waits;

    /// <summary>How often somebody would have waited.</summary>
    public int Waits => Volatile.Read(ref _waits);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime == Timeout.InfiniteTimeSpan) return System.CreateTimer(callback, state, dueTime, period);
        Interlocked.Increment(ref _waits);
        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
