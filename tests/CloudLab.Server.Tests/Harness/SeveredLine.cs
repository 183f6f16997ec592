using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace CloudLab.Server.Tests.Harness;

/// <summary>A line to a PostgreSQL that can be cut: a port of its own whose connections are passed on.</summary>
internal sealed class SeveredLine : IAsyncDisposable
{
    private readonly EndPoint _target;
    private readonly List<Socket> _sockets = [];
    private Socket _listener;
    private Task _accepting;

    /// <param name="connectionString">Leads to the server.</param>
    public SeveredLine(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        _target = builder.Host!.StartsWith('/')
            ? new UnixDomainSocketEndPoint(Path.Combine(builder.Host, $".s.PGSQL.{builder.Port}"))
            : new DnsEndPoint(builder.Host, builder.Port);
        _listener = Listen(port: 0);
        _accepting = AcceptAsync(_listener);
        (builder.Host, builder.Port) = ("127.0.0.1", ((IPEndPoint)_listener.LocalEndPoint!).Port);
        ConnectionString = builder.ConnectionString;
    }

    /// <summary>Leads here.</summary>
    public string ConnectionString { get; }

    /// <summary>Ends all connections and refuses new ones.</summary>
    public async Task CutAsync()
    {
        _listener.Dispose();
        await _accepting;
        lock (_sockets)
        {
            _sockets.ForEach(socket => socket.Dispose());
            _sockets.Clear();
        }
    }

    public void Mend()
    {
        _listener = Listen(new NpgsqlConnectionStringBuilder(ConnectionString).Port);
        _accepting = AcceptAsync(_listener);
    }

    public async ValueTask DisposeAsync() => await CutAsync();

    private static Socket Listen(int port)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen();
        return listener;
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                Socket client = await listener.AcceptAsync();
                var server = new Socket(
                    _target is UnixDomainSocketEndPoint ? AddressFamily.Unix : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Unspecified);
                lock (_sockets) _sockets.AddRange([client, server]);
                await server.ConnectAsync(_target);
                _ = PassAsync(client, server);
                _ = PassAsync(server, client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The line was cut.
        }
    }

    private static async Task PassAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[16 << 10];
        try
        {
            while (await from.ReceiveAsync(buffer) is var received and > 0)
            {
                for (int sent = 0; sent < received;) sent += await to.SendAsync(buffer.AsMemory(sent, received - sent));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The line was cut.
        }

        from.Dispose();
        to.Dispose();
    }
}
