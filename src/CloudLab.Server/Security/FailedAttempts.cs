using System.Net;

namespace CloudLab.Server.Security;

/// <summary>Slows down who presents wrong tokens or signatures. Tokens have 256 random bits; this keeps guessing from filling the log and the database.</summary>
/// <remarks>Bounded in every direction: one wait is at most 2 s, 64 wait at a time, 1024 addresses are remembered for a minute.</remarks>
internal sealed class FailedAttempts(TimeProvider time)
{
    private const int MaxAddresses = 1024;
    private const int MaxWaiting = 64;
    private const int MaxDoublings = 4;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(125);
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, (int Count, DateTimeOffset Last)> _attempts = [];
    private int _waiting;

    /// <summary>Waits before a failed attempt is answered, longer with each one from the same address.</summary>
    public async Task SlowDownAsync(IPAddress? address, CancellationToken cancellationToken)
    {
        TimeSpan delay = Count(address ?? IPAddress.None);
        try
        {
            // With too many waiting already the answer comes at once: to hold ever more requests would help an attacker.
            if (Interlocked.Increment(ref _waiting) <= MaxWaiting) await Task.Delay(delay, time, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private TimeSpan Count(IPAddress address)
    {
        DateTimeOffset now = time.GetUtcNow();
        lock (_lock)
        {
            (int count, DateTimeOffset last) = _attempts.GetValueOrDefault(address);
            if (now - last > Memory) count = 0;
            if (_attempts.Count >= MaxAddresses) Forget(now);
            _attempts[address] = (count + 1, now);
            return FirstDelay * (1 << Math.Min(count, MaxDoublings));
        }
    }

    private void Forget(DateTimeOffset now)
    {
        foreach ((IPAddress address, (_, DateTimeOffset last)) in _attempts)
            if (now - last > Memory)
                _attempts.Remove(address);
        if (_attempts.Count >= MaxAddresses) _attempts.Clear();
    }
}
