using System.Buffers.Text;
using System.Security.Cryptography;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;

namespace CloudLab.Server.Console;

/// <summary>Tickets that open one console once, for clients that cannot send a header. Kept in memory only.</summary>
internal sealed class ConsoleTickets(TimeProvider time)
{
    /// <summary>How long a ticket is good: enough to open a WebSocket, too short to be of use in a log.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    // A user needs one at a time. At the limit the oldest goes, so that nobody can use up memory or lock others out for long.
    private const int Capacity = 1024;
    private const int TicketBytes = 32;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Grant> _grants = [];
    private readonly Queue<(string Ticket, DateTimeOffset ExpiresAt)> _order = new();

    /// <summary>Makes a ticket for <paramref name="instance"/> in the name of <paramref name="caller"/>.</summary>
    public (string Ticket, DateTimeOffset ExpiresAt) Issue(InstanceId instance, Caller caller)
    {
        string ticket = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TicketBytes));
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset expiresAt = now + Lifetime;
        lock (_lock)
        {
            while (_order.TryPeek(out (string Ticket, DateTimeOffset ExpiresAt) oldest) && (oldest.ExpiresAt <= now || _order.Count >= Capacity))
                _grants.Remove(_order.Dequeue().Ticket);
            _grants.Add(ticket, new Grant(instance, caller, expiresAt));
            _order.Enqueue((ticket, expiresAt));
        }

        return (ticket, expiresAt);
    }

    /// <summary>Uses a ticket up, also when it is for another instance.</summary>
    /// <returns>In whose name it was made, or null when it does not open this instance's console now.</returns>
    public Caller? Redeem(string ticket, InstanceId instance)
    {
        lock (_lock)
        {
            return _grants.Remove(ticket, out Grant? grant) && grant.Instance == instance && time.GetUtcNow() < grant.ExpiresAt
                ? grant.Caller
                : null;
        }
    }

    private sealed record Grant(InstanceId Instance, Caller Caller, DateTimeOffset ExpiresAt);
}
