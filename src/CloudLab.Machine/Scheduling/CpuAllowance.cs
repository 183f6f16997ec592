namespace CloudLab.Machine.Scheduling;

/// <summary>
/// A machine's cap on host-core time: a token bucket that fills at <c>cap</c> seconds a second and holds one period.
/// Guarded by the scheduler's lock.
/// </summary>
internal sealed class CpuAllowance
{
    // Long enough that a full bucket covers several slices, short enough that a console stays responsive under its cap.
    private const long PeriodNanoseconds = 20_000_000;

    private readonly double _cap;
    private readonly double _capacity;
    private double _tokens;
    private long _filledAt;

    /// <param name="cap">Host cores; what exceeds the host's own cores limits nothing.</param>
    /// <param name="now">The monotonic time in nanoseconds.</param>
    public CpuAllowance(double cap, long now)
    {
        _cap = cap;
        _capacity = cap * PeriodNanoseconds;
        _tokens = _capacity;
        _filledAt = now;
    }

    /// <summary>Takes used CPU time from the bucket; it may go below zero by a slice.</summary>
    public void Take(long nanoseconds, long now)
    {
        Fill(now);
        _tokens -= nanoseconds;
    }

    /// <summary>How many nanoseconds until the machine may run again; 0 when it may now.</summary>
    public long Wait(long now)
    {
        Fill(now);
        return _tokens > 0 ? 0 : (long)(-_tokens / _cap) + 1;
    }

    private void Fill(long now)
    {
        _tokens = Math.Min(_capacity, _tokens + ((now - _filledAt) * _cap));
        _filledAt = now;
    }
}
