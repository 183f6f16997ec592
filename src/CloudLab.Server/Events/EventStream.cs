using System.Text;
using System.Text.Json;
using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Api.Events;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace CloudLab.Server.Events;

/// <summary>Sends an account's events as they become visible (server-sent events, WHATWG HTML section 9.2).</summary>
/// <remarks>
/// Each stream reads the table from its own place on when it is told that there may be news: what it holds in memory is
/// one page, and a client that reads slowly is only further behind. One that takes nothing at all is cut.
/// </remarks>
internal sealed class EventStream(
    EventService events,
    EventSignal signal,
    TokenService tokens,
    IHostApplicationLifetime lifetime,
    IOptions<JsonOptions> json,
    TimeProvider time)
{
    private const int PageSize = 100;

    /// <summary>How often a comment shows that the connection lives; proxies close silent ones after 30 to 60 s.</summary>
    internal static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <summary>How long the client may take for one page.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Sends until the client goes, is cut, or the server stops.</summary>
    /// <param name="context">The request; nothing of the answer is sent yet.</param>
    /// <param name="account">Whose events.</param>
    /// <param name="secret">The token, which is looked at again at each heartbeat.</param>
    /// <param name="filter">Which events.</param>
    /// <param name="from">The place after which they begin.</param>
    public async Task SendAsync(HttpContext context, AccountId account, string? secret, EventFilter filter, EventPosition from)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        HttpResponse response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            await SendAsync(response, ": events follow\n\n", ending.Token);
            string why = await RunAsync(response, account, secret, filter, from, ending.Token);
            await SendAsync(response, $": the stream ends: {why}; go on with Last-Event-ID\n\n", context.RequestAborted);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            await SendAsync(response, ": the stream ends: the server stops; go on with Last-Event-ID\n\n", context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The client has gone.
        }
        catch (TimeoutException)
        {
            context.Abort();
        }
    }

    /// <returns>Why it ends.</returns>
    private async Task<string> RunAsync(
        HttpResponse response, AccountId account, string? secret, EventFilter filter, EventPosition from, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next = signal.Next;
            IReadOnlyList<EventDetails> page = await events.ReadAfterAsync(account, filter, from, PageSize, cancellationToken);
            if (page.Count > 0)
            {
                from = page[^1].Position;
                long sentAt = time.GetTimestamp();
                await SendAsync(response, Format(page), cancellationToken);
                if (time.GetElapsedTime(sentAt) > Patience / 2) return "it is read too slowly";
                continue;
            }

            if (await HappensAsync(next, cancellationToken)) continue;
            if (secret is not null && !(await tokens.VerifyAsync(secret, cancellationToken)).IsOk) return "the token is not valid any more";
            await SendAsync(response, ":\n\n", cancellationToken);
        }
    }

    private async Task<bool> HappensAsync(Task signalled, CancellationToken cancellationToken)
    {
        try
        {
            await signalled.WaitAsync(Heartbeat, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private string Format(IReadOnlyList<EventDetails> page)
    {
        var text = new StringBuilder();
        foreach (EventDetails item in page)
        {
            text.Append("id: ").Append(item.Id).Append("\nevent: ").Append(item.Action).Append("\ndata: ");
            // One line: the serializer escapes line feeds.
            text.Append(JsonSerializer.Serialize(EventView.Of(item), json.Value.SerializerOptions)).Append("\n\n");
        }

        return text.ToString();
    }

    private async Task SendAsync(HttpResponse response, string text, CancellationToken cancellationToken)
    {
        await response.WriteAsync(text, cancellationToken).WaitAsync(Patience, time, cancellationToken);
        await response.Body.FlushAsync(cancellationToken).WaitAsync(Patience, time, cancellationToken);
    }
}
