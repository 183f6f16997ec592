using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Events;

/// <summary>What an account can learn of its events. Any thread.</summary>
public sealed class EventService(IDbContextFactory<CloudLabDbContext> contexts, ControlPlaneOptions options, TimeProvider time)
{
    private const int RemovedAtOnce = 1000;
    private const int MaxFilterLength = 128;

    /// <summary>One page of the account's events, newest first.</summary>
    /// <returns>The page. Errors: InvalidParameter.</returns>
    public async Task<Result<Page<EventDetails>>> ListAsync(AccountId account, EventQuery query, CancellationToken cancellationToken)
    {
        if (query.PageSize is < 1 or > EventQuery.MaxPageSize)
            return Invalid($"the page size must be 1 to {EventQuery.MaxPageSize}");
        if (Check(query.Filter) is { } invalid) return invalid;
        long before = long.MaxValue;
        if (query.NextToken is not null && !EventId.TryParse(query.NextToken, out before))
            return Invalid("the token of the next page is not one that a list returned");

        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        List<EventDetails> items = await Matching(db, account, query.Filter)
            .Where(e => e.Sequence < before)
            .OrderByDescending(e => e.Sequence)
            .Take(query.PageSize + 1)
            .Select(EventDetails.Projection)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        if (items.Count <= query.PageSize) return new Page<EventDetails>(items, null);
        items.RemoveAt(query.PageSize);
        return new Page<EventDetails>(items, items[^1].Id);
    }

    /// <summary>What is wrong with a filter, or null.</summary>
    public static CloudLabError? Check(EventFilter filter)
    {
        foreach (string? text in (string?[])[filter.Action, filter.Actor, filter.ResourceId, filter.ResourceType])
            if (text is not null && (text.Length is 0 or > MaxFilterLength || !PlainText.Is(text)))
                return Invalid($"a filter's value has 1 to {MaxFilterLength} characters, none of them a control character");
        return filter.Action is { } action && action.AsSpan(0, action.Length - 1).Contains('*')
            ? Invalid("an action's '*' stands at its end, as in instances.*")
            : null;
    }

    /// <summary>Where a reader that has seen this event goes on.</summary>
    /// <returns>
    /// Its place; the beginning of what is kept when the event is older than that; null when there never was such an event.
    /// </returns>
    public async Task<EventPosition?> FindAsync(AccountId account, string eventId, CancellationToken cancellationToken)
    {
        if (!EventId.TryParse(eventId, out long sequence)) return null;
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        long? transaction = await db.Events
            .Where(e => e.Sequence == sequence && e.AccountId == account)
            .Select(e => (long?)e.TransactionId)
            .SingleOrDefaultAsync(cancellationToken)
            .ConfigureAwait(false);
        if (transaction is { } found) return new EventPosition(found, sequence);
        bool isOlder = !await db.Events.AnyAsync(e => e.Sequence <= sequence, cancellationToken).ConfigureAwait(false)
            && await db.Events.AnyAsync(e => e.Sequence > sequence, cancellationToken).ConfigureAwait(false);
        return isOlder ? EventPosition.Start : null;
    }

    /// <summary>The place after all events that are visible now.</summary>
    public async Task<EventPosition> FindEndAsync(CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        long watermark = await db.ReadEventWatermarkAsync(cancellationToken).ConfigureAwait(false);
        var last = await db.Events
            .Where(e => e.TransactionId < watermark)
            .OrderByDescending(e => e.TransactionId)
            .ThenByDescending(e => e.Sequence)
            .Select(e => new { e.TransactionId, e.Sequence })
            .FirstOrDefaultAsync(cancellationToken)
            .ConfigureAwait(false);
        return last is null ? EventPosition.Start : new EventPosition(last.TransactionId, last.Sequence);
    }

    /// <summary>The account's next events after a place, oldest first; none is ever found to be missing before one of them later.</summary>
    public async Task<IReadOnlyList<EventDetails>> ReadAfterAsync(
        AccountId account, EventFilter filter, EventPosition after, int count, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        // Read before the rows: what is visible to the second statement alone is left for the next time.
        long watermark = await db.ReadEventWatermarkAsync(cancellationToken).ConfigureAwait(false);
        (long transaction, long sequence) = (after.TransactionId, after.Sequence);
        return await Matching(db, account, filter)
            .Where(e => e.TransactionId >= transaction && e.TransactionId < watermark)
            .Where(e => e.TransactionId > transaction || e.Sequence > sequence)
            .OrderBy(e => e.TransactionId)
            .ThenBy(e => e.Sequence)
            .Take(count)
            .Select(EventDetails.Projection)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>
    /// Takes over events that came from another database with a restored backup: their transactions' ids mean nothing here,
    /// so they all come before what is written from now on. Before the process reads or writes events.
    /// </summary>
    /// <returns>How many.</returns>
    internal Task<int> AdoptAsync(CancellationToken cancellationToken) =>
        contexts.WriteAsync(
            async (db, ct) =>
            {
                string statement = $"select 1 as \"Value\" from events where {db.IsForeignEventSql} limit 1";
                List<int> foreign = await db.Database.SqlQueryRaw<int>(statement).ToListAsync(ct).ConfigureAwait(false);
                if (foreign.Count == 0) return 0;
                await db.Webhooks
                    .ExecuteUpdateAsync(set => set.SetProperty(w => w.CursorTransactionId, 0L).SetProperty(w => w.Version, w => w.Version + 1), ct)
                    .ConfigureAwait(false);
                return await db.Events.ExecuteUpdateAsync(set => set.SetProperty(e => e.TransactionId, 0L), ct).ConfigureAwait(false);
            },
            cancellationToken);

    /// <summary>Removes events that have been kept long enough, the oldest first.</summary>
    /// <returns>How many; as many as are removed at once mean that there may be more.</returns>
    internal Task<int> RemoveExpiredAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset before = time.GetUtcMicroseconds() - options.EventRetention;
        return contexts.WriteAsync(
            (db, ct) => db.Events
                .Where(e => e.At < before)
                .OrderBy(e => e.Sequence)
                .Take(RemovedAtOnce)
                .ExecuteDeleteAsync(ct),
            cancellationToken);
    }

    private static IQueryable<Event> Matching(CloudLabDbContext db, AccountId account, EventFilter filter)
    {
        IQueryable<Event> events = db.Events.AsNoTracking().Where(e => e.AccountId == account);
        if (filter.Action is { } action)
        {
            string prefix = action.TrimEnd('*');
            events = action.EndsWith('*') ? events.Where(e => e.Action.StartsWith(prefix)) : events.Where(e => e.Action == action);
        }

        // The few calls that made several things at once name them in their details.
        if (filter.ResourceId is { } resource)
            events = events.Where(e => e.ResourceId == resource || (e.ResourceId == null && e.Details!.Contains(resource)));
        if (filter.ResourceType is { } type) events = events.Where(e => e.ResourceType == type);
        if (filter.Actor is { } actor) events = events.Where(e => e.Actor == actor);
        if (filter.Outcome is { } outcome) events = events.Where(e => e.Outcome == outcome);
        if (filter.Since is { } since) events = events.Where(e => e.At >= since);
        if (filter.Until is { } until) events = events.Where(e => e.At < until);
        return events;
    }

    private static CloudLabError Invalid(string message) => new(ErrorCode.InvalidParameter, message);
}
