namespace CloudLab.ControlPlane.Tests.Plane;

/// <summary>The real clock, whose time of day can be set; what measures durations goes on as if nothing had happened.</summary>
internal sealed class JumpingTime : TimeProvider
{
    private long _offset;

    /// <summary>How far the time of day is off.</summary>
    public TimeSpan Offset
    {
        get => new(Interlocked.Read(ref _offset));
        set => Interlocked.Exchange(ref _offset, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
}
