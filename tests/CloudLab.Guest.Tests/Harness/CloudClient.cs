using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json.Nodes;

namespace CloudLab.Guest.Tests.Harness;

/// <summary>A user of a server's REST API.</summary>
internal sealed class CloudClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly string _token;

    public CloudClient(Uri server, string token)
    {
        _token = token;
        _http = new HttpClient { BaseAddress = server };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Waits until the built-in image can start.</summary>
    public Task ReadyAsync() => PollAsync("/readyz", static answer => (bool)answer["ready"]!);

    /// <summary>Creates one instance, which is pending at first.</summary>
    public Task<CloudInstance> CreateAsync(string type) => CreateAsync(type, []);

    /// <summary>Creates one instance with more to it than its type.</summary>
    public async Task<CloudInstance> CreateAsync(string type, JsonObject request)
    {
        request["imageId"] = "cloudlab-linux";
        request["instanceType"] = type;
        using HttpResponseMessage response = await _http.PostAsJsonAsync("/v1/instances", request, TestContext.Current.CancellationToken);
        JsonObject created = await ReadAsync(response, HttpStatusCode.Accepted);
        JsonNode instance = Assert.Single(created["instances"]!.AsArray())!;
        Assert.Equal("pending", (string?)instance["state"]);
        return new CloudInstance(this, (string)instance["instanceId"]!);
    }

    public async Task<JsonObject> GetAsync(string path)
    {
        using HttpResponseMessage response = await _http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        return await ReadAsync(response, HttpStatusCode.OK);
    }

    public async Task<string> GetTextAsync(string path) =>
        await _http.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

    /// <summary>Sends a request without a body.</summary>
    public async Task<JsonObject> SendAsync(HttpMethod method, string path, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(method, path);
        using HttpResponseMessage response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return await ReadAsync(response, expected);
    }

    /// <summary>Asks again until the answer is as wanted.</summary>
    public async Task<JsonObject> PollAsync(string path, Func<JsonObject, bool> wanted)
    {
        using var deadline = new Deadline();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        JsonObject? last = null;
        try
        {
            while (true)
            {
                using HttpResponseMessage response = await _http.GetAsync(new Uri(path, UriKind.Relative), deadline.Token);
                last = (await response.Content.ReadFromJsonAsync<JsonObject>(deadline.Token))!;
                if (wanted(last)) return last;
                await timer.WaitForNextTickAsync(deadline.Token);
            }
        }
        catch (OperationCanceledException e) when (Deadline.IsOver(e))
        {
            throw new TimeoutException($"{path} did not become what was waited for; the last answer: {last}", e);
        }
    }

    /// <summary>Opens a WebSocket.</summary>
    /// <param name="pathAndQuery">Where.</param>
    /// <param name="withToken">Whether to send the token.</param>
    public async Task<ClientWebSocket> OpenSocketAsync(string pathAndQuery, bool withToken)
    {
        var socket = new ClientWebSocket();
        try
        {
            if (withToken) socket.Options.SetRequestHeader("Authorization", $"Bearer {_token}");
            var url = new Uri(new UriBuilder(_http.BaseAddress!) { Scheme = "ws" }.Uri, pathAndQuery);
            await socket.ConnectAsync(url, TestContext.Current.CancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<JsonObject> ReadAsync(HttpResponseMessage response, HttpStatusCode expected)
    {
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} instead of {(int)expected}: {body}");
        return JsonNode.Parse(body)!.AsObject();
    }
}
