namespace CloudLab.Guest.Tests.Harness;

/// <summary>A clock that only the test moves, with timers that fire in real time.</summary>
/// <remarks>
/// What the server does every few seconds goes on, but nothing becomes overdue because the host of the tests is slow, and
/// a minute passes at once.
/// </remarks>
internal sealed class HeldTime : TimeProvider
{
    private readonly DateTimeOffset _start = TimeProvider.System.GetUtcNow();
    private long _passed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _start + TimeSpan.FromTicks(GetTimestamp());

    public override long GetTimestamp() => Interlocked.Read(ref _passed);

    public void Advance(TimeSpan time) => Interlocked.Add(ref _passed, time.Ticks);
}
