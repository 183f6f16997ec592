using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace CloudLab.Server.Tests.Harness;

internal static class Http
{
    public static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    /// <summary>Reads the body of an answer that must have this status.</summary>
    public static async Task<JsonObject> ReadAsync(this HttpResponseMessage response, HttpStatusCode expected)
    {
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} instead of {(int)expected}: {body}");
        return JsonNode.Parse(body)!.AsObject();
    }

    public static async Task<JsonObject> GetAsync(this HttpClient client, string path, HttpStatusCode expected) =>
        await (await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken)).ReadAsync(expected);

    public static async Task<JsonObject> PostAsync(this HttpClient client, string path, string? json, HttpStatusCode expected)
    {
        using StringContent? content = json is null ? null : Json(json);
        return await (await client.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken)).ReadAsync(expected);
    }

    /// <summary>Checks that an answer is a whole problem, and returns its code.</summary>
    public static async Task<string> ReadProblemAsync(this HttpResponseMessage response)
    {
        JsonObject problem = await response.ReadAsync(response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal((int)response.StatusCode, (int)problem["status"]!);
        Assert.NotEmpty((string)problem["title"]!);
        Assert.NotEmpty((string)problem["detail"]!);
        Assert.NotEmpty((string)problem["traceId"]!);
        string code = (string)problem["code"]!;
        Assert.Equal("urn:cloudlab:problem:" + code, (string)problem["type"]!);
        return code;
    }

    /// <summary>Asks again until the answer is as wanted; the test's own time limit is the limit.</summary>
    public static async Task<JsonObject> PollAsync(this HttpClient client, string path, Func<JsonObject, bool> wanted)
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        JsonObject? last = null;
        try
        {
            while (true)
            {
                using HttpResponseMessage response = await client.GetAsync(new Uri(path, UriKind.Relative), limit.Token);
                last = JsonNode.Parse(await response.Content.ReadAsStringAsync(limit.Token))!.AsObject();
                if (wanted(last)) return last;
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{path} did not become what was waited for; the last answer: {last}");
        }
    }
}
