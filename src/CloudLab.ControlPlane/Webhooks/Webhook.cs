using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;

namespace CloudLab.ControlPlane.Webhooks;

/// <summary>
/// The row of a webhook: where an account's events are sent, and how far that is. What is still to be delivered is what the
/// table of events has after its cursor, so nothing is kept for each delivery and a restart goes on where it was.
/// </summary>
public sealed class Webhook : IVersioned
{
    public const int MaxUrlLength = 2048;
    public const int MaxActions = 20;
    public const int MaxActionLength = 64;
    public const int MaxErrorLength = 512;

    /// <summary>For how long one event is tried; then it is given up and the next one has its turn.</summary>
    public static readonly TimeSpan EventPatience = TimeSpan.FromDays(1);

    /// <summary>After how long without any success the webhook is disabled.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(3);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromHours(1);

    private Webhook()
    {
    }

    internal Webhook(AccountId account, string url, IReadOnlyList<string> actions, EventPosition from, DateTimeOffset now)
    {
        Id = WebhookId.New();
        AccountId = account;
        Url = url;
        Actions = [.. actions];
        (CursorTransactionId, CursorSequence) = (from.TransactionId, from.Sequence);
        CreatedAt = NextAttemptAt = now;
    }

    public WebhookId Id { get; private set; }

    public AccountId AccountId { get; private set; }

    public string Url { get; private set; } = "";

    /// <summary>Actions, or the beginnings of some with a star; empty for all.</summary>
    public List<string> Actions { get; private set; } = [];

    /// <summary>The key of its signatures, sealed by <see cref="MasterKey"/> with the id as associated data.</summary>
    public byte[] Secret { get; private set; } = [];

    public WebhookState State { get; private set; }

    public long CursorTransactionId { get; private set; }

    public long CursorSequence { get; private set; }

    /// <summary>How often the event after the cursor was tried in vain.</summary>
    public int Failures { get; private set; }

    /// <summary>When the event after the cursor was first tried in vain, or null.</summary>
    public DateTimeOffset? FirstFailedAt { get; private set; }

    /// <summary>Since when nothing was delivered although it was tried, or null.</summary>
    public DateTimeOffset? FailingSince { get; private set; }

    public DateTimeOffset NextAttemptAt { get; private set; }

    public DateTimeOffset? LastDeliveredAt { get; private set; }

    /// <summary>What went wrong the last time; null after a success.</summary>
    public string? LastError { get; private set; }

    /// <summary>How many events were given up.</summary>
    public long GivenUp { get; private set; }

    /// <summary>The host that delivers, or null.</summary>
    public string? Owner { get; private set; }

    /// <summary>Until when no other host delivers.</summary>
    public DateTimeOffset? OwnedUntil { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public long Version { get; set; } = 1;

    /// <summary>What was delivered or given up last.</summary>
    public EventPosition Cursor => new(CursorTransactionId, CursorSequence);

    internal void Seal(byte[] secret) => Secret = secret;

    /// <summary>The account changes where and what; one that is enabled anew goes on where it was, at once.</summary>
    internal void Change(string url, IReadOnlyList<string> actions, bool isEnabled, DateTimeOffset now)
    {
        (Url, Actions) = (url, [.. actions]);
        State = isEnabled ? WebhookState.Active : WebhookState.Disabled;
        (Failures, FirstFailedAt, FailingSince, NextAttemptAt) = (0, null, null, now);
    }

    /// <summary>Takes the right to deliver.</summary>
    /// <returns>False when another host has it, or it is not to be delivered to now.</returns>
    internal bool TryClaim(string host, TimeSpan duration, DateTimeOffset now)
    {
        if (State != WebhookState.Active || NextAttemptAt > now) return false;
        if (Owner != host && OwnedUntil > now) return false;
        (Owner, OwnedUntil) = (host, now + duration);
        return true;
    }

    /// <summary>Nothing up to here is wanted.</summary>
    internal void Skip(EventPosition position) => (CursorTransactionId, CursorSequence) = (position.TransactionId, position.Sequence);

    internal void RecordDelivery(EventPosition position, DateTimeOffset now)
    {
        Skip(position);
        (Failures, FirstFailedAt, FailingSince, LastError) = (0, null, null, null);
        (LastDeliveredAt, NextAttemptAt) = (now, now);
    }

    /// <param name="position">The event that was tried.</param>
    /// <param name="error">What went wrong.</param>
    /// <param name="jitter">0 to 1; spreads the attempts of many webhooks.</param>
    /// <param name="now">The time.</param>
    internal void RecordFailure(EventPosition position, string error, double jitter, DateTimeOffset now)
    {
        LastError = error.Length <= MaxErrorLength ? error : error[..MaxErrorLength];
        FirstFailedAt ??= now;
        FailingSince ??= now;
        Failures++;
        if (now - FailingSince >= Patience) State = WebhookState.Disabled;
        if (now - FirstFailedAt >= EventPatience)
        {
            GivenUp++;
            Skip(position);
            (Failures, FirstFailedAt) = (0, null);
        }

        // Doubling is cut off long before it overflows.
        TimeSpan delay = FirstDelay * Math.Pow(2, Math.Min(Failures, 20));
        if (delay > LongestDelay) delay = LongestDelay;
        // Whole milliseconds, which both databases keep.
        NextAttemptAt = now + TimeSpan.FromMilliseconds(Math.Ceiling((delay * (0.5 + (jitter / 2))).TotalMilliseconds));
    }

    /// <summary>Whether an action is wanted.</summary>
    internal bool Wants(string action) => Actions.Count == 0
        || Actions.Exists(wanted => wanted.EndsWith('*') ? action.StartsWith(wanted[..^1], StringComparison.Ordinal) : action == wanted);
}
