using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using CloudLab.Machine.Console;
using CloudLab.Server.Console;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Console;

/// <summary>The bridge between a console and a WebSocket over a real connection.</summary>
public sealed class ConsoleStreamTests
{
    private readonly SerialConsole _console = new();
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_client_that_falls_behind_loses_the_oldest_output_and_catches_up()
    {
        using Connection connection = await Connection.OpenAsync();
        Task run = RunAsync(connection.Server, CancellationToken.None);
        byte[] chunk = Encoding.ASCII.GetBytes(new string('x', 4095) + '\n');
        const int Chunks = 16 * 1024;
        for (int i = 0; i < Chunks; i++) _console.WriteOutput(chunk);
        _console.WriteOutput("the end"u8);

        long received = 0;
        string last = "";
        byte[] buffer = new byte[1 << 20];
        while (!last.EndsWith("the end", StringComparison.Ordinal))
        {
            WebSocketReceiveResult result = await connection.Client.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
            received += result.Count;
            last = Encoding.ASCII.GetString(buffer, 0, result.Count);
        }

        Assert.InRange(received, SerialConsole.Capacity, (long)chunk.Length * Chunks);
        await connection.Client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
        await run;
    }

    [Fact]
    public async Task A_client_that_reads_nothing_for_long_is_dropped()
    {
        using Connection connection = await Connection.OpenAsync();
        Task run = RunAsync(connection.Server, CancellationToken.None);
        byte[] chunk = new byte[SerialConsole.Capacity];
        while (!run.IsCompleted)
        {
            _console.WriteOutput(chunk);
            await Task.Yield();
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        await run;
        Assert.Equal(WebSocketState.Aborted, connection.Server.State);
    }

    [Fact]
    public async Task The_end_of_the_instance_closes_the_stream_after_the_last_output()
    {
        using Connection connection = await Connection.OpenAsync();
        using var ended = new CancellationTokenSource();
        _console.WriteOutput("before"u8);
        Task run = RunAsync(connection.Server, ended.Token);
        byte[] buffer = new byte[100];
        WebSocketReceiveResult first = await connection.Client.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
        Assert.Equal("before", Encoding.ASCII.GetString(buffer, 0, first.Count));

        await ended.CancelAsync();
        WebSocketReceiveResult close = await connection.Client.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
        await connection.Client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
        await run;

        Assert.Equal("the instance is terminated", close.CloseStatusDescription);
        Assert.Equal(WebSocketState.Closed, connection.Server.State);
    }

    private async Task RunAsync(WebSocket socket, CancellationToken ended)
    {
        using ConsoleAttachment attachment = _console.Attach(replay: true);
        await new ConsoleStream(socket, attachment, _time).RunAsync(ended, CancellationToken.None);
    }

    private sealed class Connection : IDisposable
    {
        private readonly TcpClient _client;
        private readonly TcpClient _server;

        private Connection(TcpClient client, TcpClient server)
        {
            _client = client;
            _server = server;
            Client = WebSocket.CreateFromStream(client.GetStream(), new WebSocketCreationOptions { IsServer = false });
            Server = WebSocket.CreateFromStream(server.GetStream(), new WebSocketCreationOptions { IsServer = true });
        }

        public WebSocket Client { get; }

        public WebSocket Server { get; }

        public static async Task<Connection> OpenAsync()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var client = new TcpClient();
            await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
            return new Connection(client, await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken));
        }

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
            _client.Dispose();
            _server.Dispose();
        }
    }
}
