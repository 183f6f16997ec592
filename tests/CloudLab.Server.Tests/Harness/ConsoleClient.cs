using System.Net.WebSockets;
using System.Text;

namespace CloudLab.Server.Tests.Harness;

/// <summary>A client of the console stream.</summary>
internal sealed class ConsoleClient : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly StringBuilder _seen = new();

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    public string? CloseReason => _socket.CloseStatusDescription;

    /// <summary>The whole URL of an instance's stream.</summary>
    public static Uri UrlOf(TestServer server, string instanceId, string query = "") =>
        new UriBuilder(server.Url) { Scheme = "ws", Path = $"/v1/instances/{instanceId}/console/stream", Query = query }.Uri;

    public static async Task<ConsoleClient> ConnectAsync(Uri url, string? token, string? origin = null)
    {
        var client = new ConsoleClient();
        client._socket.Options.CollectHttpResponseDetails = true;
        if (token is not null) client._socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        if (origin is not null) client._socket.Options.SetRequestHeader("Origin", origin);
        try
        {
            await client._socket.ConnectAsync(url, TestContext.Current.CancellationToken);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>The status with which the server refuses to open a stream.</summary>
    public static async Task<int> RefusalAsync(Uri url, string? token, string? origin = null)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (token is not null) socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        if (origin is not null) socket.Options.SetRequestHeader("Origin", origin);
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(url, TestContext.Current.CancellationToken));
        return (int)socket.HttpStatusCode;
    }

    public async Task TypeAsync(string text) =>
        await _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Binary, endOfMessage: true, TestContext.Current.CancellationToken);

    /// <summary>Reads until the text has been seen since the last call.</summary>
    public async Task ExpectAsync(string text)
    {
        byte[] buffer = new byte[8192];
        int found;
        while ((found = _seen.ToString().IndexOf(text, StringComparison.Ordinal)) < 0)
        {
            WebSocketReceiveResult received = await _socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
            Assert.True(received.MessageType == WebSocketMessageType.Binary, $"the stream ended after: {_seen}");
            _seen.Append(Encoding.UTF8.GetString(buffer, 0, received.Count));
        }

        _seen.Remove(0, found + text.Length);
    }

    /// <summary>Reads on until the server closes the stream.</summary>
    public async Task ReadToCloseAsync()
    {
        byte[] buffer = new byte[8192];
        while ((await _socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken)).MessageType != WebSocketMessageType.Close)
        {
        }

        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
    }

    public async Task CloseAsync() => await _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);

    public void Dispose() => _socket.Dispose();
}
