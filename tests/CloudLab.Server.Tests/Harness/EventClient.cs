using System.Net;

namespace CloudLab.Server.Tests.Harness;

/// <summary>A client of the stream of events.</summary>
internal sealed class EventClient : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;

    private EventClient(HttpResponseMessage response, Stream stream)
    {
        _response = response;
        _reader = new StreamReader(stream);
    }

    public static async Task<EventClient> OpenAsync(HttpClient client, string? lastEventId)
    {
        HttpResponseMessage response = await RequestAsync(client, lastEventId);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return new EventClient(response, await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
    }

    public static Task<HttpResponseMessage> RequestAsync(HttpClient client, string? lastEventId)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/v1/events/stream", UriKind.Relative));
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>The next line, or null at the end.</summary>
    public async Task<string?> NextLineAsync() => await _reader.ReadLineAsync(TestContext.Current.CancellationToken);

    /// <summary>The next event's id.</summary>
    public async Task<string> NextIdAsync()
    {
        const string Field = "id: ";
        while (true)
        {
            string line = await NextLineAsync() ?? throw new EndOfStreamException("the stream of events has ended");
            if (line.StartsWith(Field, StringComparison.Ordinal)) return line[Field.Length..];
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
    }
}
