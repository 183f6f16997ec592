using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;

namespace CloudLab.Guest.Tests.Harness;

/// <summary>An instance as its user sees it, over the REST API only.</summary>
internal sealed class CloudInstance(CloudClient client, string id)
{
    public string Id => id;

    private string Path => $"/v1/instances/{id}";

    /// <summary>The same instance asked of another server.</summary>
    public CloudInstance At(CloudClient other) => new(other, id);

    /// <summary>Asks for a start, a stop or a reboot.</summary>
    public Task<JsonObject> AskAsync(string verb) => client.SendAsync(HttpMethod.Post, $"{Path}/{verb}", HttpStatusCode.Accepted);

    public Task<JsonObject> GetAsync() => client.GetAsync(Path);

    public Task<JsonObject> MetricsAsync() => client.GetAsync($"{Path}/metrics");

    public Task<JsonObject> UntilMetricsAsync(Func<JsonObject, bool> wanted) => client.PollAsync($"{Path}/metrics", wanted);

    /// <summary>What the console has shown, as text.</summary>
    public Task<string> ConsoleAsync() => client.GetTextAsync($"{Path}/console");

    public Task<JsonObject> StateAsync(string state) => UntilAsync(instance => (string?)instance["state"] == state);

    public Task<JsonObject> CheckAsync(string status) =>
        UntilAsync(instance => (string?)instance["statusChecks"]!["instance"] == status);

    public Task<JsonObject> UntilAsync(Func<JsonObject, bool> wanted) => client.PollAsync(Path, wanted);

    /// <summary>Waits until the console's text is as wanted.</summary>
    public async Task<string> ConsoleAsync(Func<string, bool> wanted)
    {
        using var deadline = new Deadline();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            string text = await ConsoleAsync();
            if (wanted(text)) return text;
            Assert.False(deadline.Token.IsCancellationRequested, text);
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Opens the console with the token.</summary>
    public async Task<CloudConsole> OpenConsoleAsync() => new(await client.OpenSocketAsync($"{Path}/console/stream", withToken: true));

    /// <summary>Opens the console with a new ticket and nothing else.</summary>
    public async Task<(CloudConsole Console, string Url)> OpenConsoleByTicketAsync()
    {
        JsonObject ticket = await client.SendAsync(HttpMethod.Post, $"{Path}/console/ticket", HttpStatusCode.OK);
        string url = (string)ticket["url"]!;
        return (new(await client.OpenSocketAsync(url, withToken: false)), url);
    }

    public async Task TerminateAsync()
    {
        await client.SendAsync(HttpMethod.Delete, Path, HttpStatusCode.Accepted);
        await StateAsync("terminated");
    }
}

/// <summary>An open console stream with someone at it.</summary>
internal sealed class CloudConsole : IDisposable
{
    private readonly ClientWebSocket _socket;
    private readonly byte[] _buffer = new byte[16 << 10];

    public CloudConsole(ClientWebSocket socket)
    {
        _socket = socket;
        Shell = new Shell(ReadAsync, TypeAsync);
    }

    public Shell Shell { get; }

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    /// <summary>Reads on until the server closes the stream.</summary>
    public async Task ClosedAsync()
    {
        using var deadline = new Deadline();
        while ((await _socket.ReceiveAsync(_buffer, deadline.Token)).MessageType != WebSocketMessageType.Close)
        {
        }
    }

    public void Dispose() => _socket.Dispose();

    private async ValueTask<byte[]> ReadAsync(CancellationToken cancellationToken)
    {
        WebSocketReceiveResult received = await _socket.ReceiveAsync(_buffer, cancellationToken);
        Assert.True(received.MessageType == WebSocketMessageType.Binary, $"the stream ended after:\n{Shell.Screen}");
        return _buffer[..received.Count];
    }

    private async ValueTask TypeAsync(byte[] bytes, CancellationToken cancellationToken) =>
        await _socket.SendAsync(bytes.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
}
