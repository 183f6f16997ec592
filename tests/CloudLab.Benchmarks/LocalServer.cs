using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace CloudLab.Benchmarks;

/// <summary>The server as a user starts it: a process of its own on loopback, with a data directory that goes with it.</summary>
internal sealed partial class LocalServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _data;
    private readonly string _token;

    private LocalServer(Process process, string data, Uri url, string token)
    {
        _process = process;
        _data = data;
        _token = token;
        Http = new HttpClient { BaseAddress = url };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>A client that sends the administrator's token.</summary>
    public HttpClient Http { get; }

    public static async Task<LocalServer> StartAsync(string imageDirectory)
    {
        string data = Directory.CreateTempSubdirectory("cloudlab-benchmark-").FullName;
        string program = Path.Combine(AppContext.BaseDirectory, "CloudLab.Server");
        var start = new ProcessStartInfo(program, ["--data-dir", data, "--urls", "http://127.0.0.1:0", "--guest-image", imageDirectory])
        {
            RedirectStandardOutput = true,
        };
        Process process = Process.Start(start)!;
        Uri url = await ReadUrlAsync(process.StandardOutput);
        _ = process.StandardOutput.ReadToEndAsync();
        var server = new LocalServer(process, data, url, (await File.ReadAllTextAsync(Path.Combine(data, "admin.token"))).Trim());
        await server.PollAsync("/readyz", answer => (bool)answer["ready"]!);
        return server;
    }

    /// <summary>Creates an instance and waits for its prompt; the console stays open for commands.</summary>
    public async Task<ClientWebSocket> BootAsync(string type)
    {
        using HttpResponseMessage response = await Http.PostAsJsonAsync(
            "/v1/instances", new { imageId = "cloudlab-linux", instanceType = type, count = 1 });
        response.EnsureSuccessStatusCode();
        JsonNode created = (await response.Content.ReadFromJsonAsync<JsonNode>())!["instances"]![0]!;
        string path = $"/v1/instances/{(string)created["instanceId"]!}";
        await PollAsync(path, answer => (string?)answer["state"] == "running");
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {_token}");
        await socket.ConnectAsync(new Uri(new UriBuilder(Http.BaseAddress!) { Scheme = "ws" }.Uri, $"{path}/console/stream"), CancellationToken.None);
        byte[] buffer = new byte[64 << 10];
        int length = 0;
        while (buffer.AsSpan(0, length).IndexOf("/ # "u8) < 0)
            length += (await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None)).Count;
        return socket;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private static async Task<Uri> ReadUrlAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
            if (ListensOn().Match(line) is { Success: true } match)
                return new Uri(match.Groups[1].Value);
        throw new EndOfStreamException("the server did not start");
    }

    private async Task PollAsync(string path, Func<JsonNode, bool> wanted)
    {
        while (true)
        {
            using HttpResponseMessage response = await Http.GetAsync(new Uri(path, UriKind.Relative));
            if (wanted((await response.Content.ReadFromJsonAsync<JsonNode>())!)) return;
            await Task.Delay(100);
        }
    }

    [GeneratedRegex(@"listens on (http://127\.0\.0\.1:\d+)")]
    private static partial Regex ListensOn();
}
