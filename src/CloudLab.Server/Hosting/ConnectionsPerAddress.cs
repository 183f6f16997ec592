using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace CloudLab.Server.Hosting;

/// <summary>
/// How many connections one address may hold on a listener, so that a client that opens and idles uses up its own share
/// and not everybody's. What is above is closed before a byte of it is read, TLS included.
/// </summary>
/// <remarks>
/// Stands behind Kestrel's bound on all connections. Who has an IPv6 address has 2^64 of them: a /64 is one client. Any
/// thread.
/// </remarks>
internal sealed partial class ConnectionsPerAddress(int max, ILogger<ConnectionsPerAddress> logger)
{
    private const int PrefixBytes = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Holder> _holders = [];

    /// <summary>Serves the connection if its address may have one more; returns when it has ended.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        // A local socket has no address; who may open it is the file's matter.
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var address })
        {
            await next(connection);
            return;
        }

        IPAddress client = ClientOf(address);
        if (!TryEnter(client)) return;
        try
        {
            await next(connection);
        }
        finally
        {
            Leave(client);
        }
    }

    /// <summary>Whose connections are counted together with this address's.</summary>
    internal static IPAddress ClientOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        // On a link, all have the same prefix.
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || address.IsIPv6LinkLocal) return address;
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(PrefixBytes).Clear();
        return new IPAddress(bytes);
    }

    private bool TryEnter(IPAddress client)
    {
        lock (_lock)
        {
            if (!_holders.TryGetValue(client, out Holder? holder)) _holders.Add(client, holder = new Holder());
            if (holder.Count < max)
            {
                holder.Count++;
                return true;
            }

            if (holder.IsLogged) return false;
            holder.IsLogged = true;
        }

        Log.Refused(logger, client, max);
        return false;
    }

    private void Leave(IPAddress client)
    {
        lock (_lock)
        {
            Holder holder = _holders[client];
            if (--holder.Count == 0) _holders.Remove(client);
        }
    }

    private sealed class Holder
    {
        public int Count { get; set; }

        // Once for as long as it holds any: who is refused in a loop must not fill the log.
        public bool IsLogged { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{Client} holds {Max} connections, which is the most for one address: more are closed (--connections-per-address)")]
        public static partial void Refused(ILogger logger, IPAddress client, int max);
    }
}
