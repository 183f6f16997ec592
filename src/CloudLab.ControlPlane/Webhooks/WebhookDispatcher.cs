using System.Collections.Concurrent;
using System.Text.Json;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CloudLab.ControlPlane.Webhooks;

/// <summary>Delivers events to webhooks: in order for each of them, at least once, one host at a time.</summary>
/// <remarks>
/// Woken when there may be new events and by a timer. A webhook's cursor moves with each delivery; a process that dies
/// after a delivery and before that repeats it, under the same delivery id.
/// </remarks>
internal sealed partial class WebhookDispatcher(
    IDbContextFactory<CloudLabDbContext> contexts,
    EventService events,
    EventSignal signal,
    WebhookSender sender,
    ControlPlaneOptions options,
    TimeProvider time,
    ILogger<WebhookDispatcher> logger) : BackgroundService
{
    private const int PageSize = 100;

    // Deliveries at once: a receiver that hangs holds one for ten seconds.
    private const int MaxAtOnce = 16;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // Several times what one delivery takes; a host that dies is replaced after it.
    private static readonly TimeSpan ClaimDuration = TimeSpan.FromMinutes(1);

    // Where each webhook has been looked at, beyond its stored cursor: events that it does not want cost no write.
    private readonly ConcurrentDictionary<WebhookId, EventPosition> _seen = new();

    /// <summary>Delivers what is due now, of every webhook as much as its receiver takes.</summary>
    internal async Task DispatchAsync(CancellationToken cancellationToken)
    {
        List<WebhookId> due = await FindDueAsync(cancellationToken).ConfigureAwait(false);
        await Parallel.ForEachAsync(
            due,
            new ParallelOptions { MaxDegreeOfParallelism = MaxAtOnce, CancellationToken = cancellationToken },
            async (id, ct) => await DeliverAllAsync(id, ct).ConfigureAwait(false)).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            Task next = signal.Next;
            try
            {
                await DispatchAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                Log.PassFailed(logger, failure);
                // At once the same would fail again.
                await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(false);
            }

            try
            {
                await next.WaitAsync(Interval, time, stoppingToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
            }
        }
    }

    private async Task<List<WebhookId>> FindDueAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcMicroseconds();
        string host = options.HostName;
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        return await db.Webhooks
            .Where(w => w.State == WebhookState.Active && w.NextAttemptAt <= now)
            .Where(w => w.Owner == null || w.Owner == host || w.OwnedUntil <= now)
            .OrderBy(w => w.NextAttemptAt)
            .Select(w => w.Id)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
    }

    private async Task DeliverAllAsync(WebhookId id, CancellationToken cancellationToken)
    {
        Webhook? webhook = await LoadAsync(id, cancellationToken).ConfigureAwait(false);
        while (webhook is not null)
        {
            EventPosition from = Later(_seen.GetValueOrDefault(id), webhook.Cursor);
            IReadOnlyList<EventDetails> page =
                await events.ReadAfterAsync(webhook.AccountId, new EventFilter(), from, PageSize, cancellationToken).ConfigureAwait(false);
            if (page.Count == 0) return;
            if (page.FirstOrDefault(e => webhook.Wants(e.Action)) is not { } item)
            {
                _seen[id] = page[^1].Position;
                // Once in a while in the row as well, so that a restart does not look at everything again.
                if (page.Count == PageSize)
                    webhook = await ChangeAsync(id, row => row.Skip(page[^1].Position), null, cancellationToken).ConfigureAwait(false);
                continue;
            }

            // The right to deliver first, then the delivery, then its trace.
            webhook = await ChangeAsync(id, static _ => { }, null, cancellationToken).ConfigureAwait(false);
            if (webhook is null) return;
            string? error = await TrySendAsync(webhook, item, cancellationToken).ConfigureAwait(false);
            webhook = await ChangeAsync(id, row => Record(row, item, error), error, cancellationToken).ConfigureAwait(false);
            if (error is not null) return;
        }
    }

    private async Task<string?> TrySendAsync(Webhook webhook, EventDetails item, CancellationToken cancellationToken)
    {
        try
        {
            return await sender.SendAsync(webhook, item, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // A secret of another master key, say: this webhook's trouble, not the others'.
            Log.SendFailed(logger, webhook.Id, failure);
            return "the delivery could not be made; the server's log says why";
        }
    }

    private void Record(Webhook row, EventDetails item, string? error)
    {
        DateTimeOffset now = time.GetUtcMicroseconds();
        if (error is null) row.RecordDelivery(item.Position, now);
        else row.RecordFailure(item.Position, error, Random.Shared.NextDouble(), now);
    }

    private async Task<Webhook?> LoadAsync(WebhookId id, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        return await db.Webhooks.AsNoTracking().SingleOrDefaultAsync(w => w.Id == id, cancellationToken).ConfigureAwait(false);
    }

    /// <returns>The row, or null when it is gone, not due, or another host's.</returns>
    private Task<Webhook?> ChangeAsync(WebhookId id, Action<Webhook> change, string? error, CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                DateTimeOffset now = time.GetUtcMicroseconds();
                Webhook? row = await db.Webhooks.SingleOrDefaultAsync(w => w.Id == id, ct).ConfigureAwait(false);
                if (row is null || !row.TryClaim(options.HostName, ClaimDuration, now)) return null;
                change(row);
                if (row.State == WebhookState.Disabled) db.Events.Add(Disabled(row, error, now));
                return row;
            },
            cancellationToken);

    private Event Disabled(Webhook row, string? error, DateTimeOffset now) => new()
    {
        AccountId = row.AccountId,
        At = now,
        Actor = "host/" + options.HostName,
        Action = "webhooks.disabled",
        ResourceType = "webhook",
        ResourceId = row.Id.Value,
        Outcome = EventOutcome.Ok,
        Details = JsonSerializer.Serialize(new { reason = $"nothing was delivered for {Webhook.Patience.TotalDays} days", lastError = error }),
    };

    private static EventPosition Later(EventPosition left, EventPosition right) =>
        (left.TransactionId, left.Sequence).CompareTo((right.TransactionId, right.Sequence)) > 0 ? left : right;

    private static partial class Log
    {
        [LoggerMessage(2601, LogLevel.Warning, "webhooks could not be looked after; it is tried again")]
        public static partial void PassFailed(ILogger logger, Exception failure);

        [LoggerMessage(2602, LogLevel.Error, "webhook {Webhook}: a delivery could not be made")]
        public static partial void SendFailed(ILogger logger, WebhookId webhook, Exception failure);
    }
}
