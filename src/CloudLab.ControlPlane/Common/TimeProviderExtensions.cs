namespace CloudLab.ControlPlane.Common;

internal static class TimeProviderExtensions
{
    /// <summary>Now, UTC, cut to whole microseconds: what PostgreSQL keeps, so that a time reads back as it was written.</summary>
    public static DateTimeOffset GetUtcMicroseconds(this TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
