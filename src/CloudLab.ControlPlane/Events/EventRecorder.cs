using System.Text.Json;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Webhooks;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace CloudLab.ControlPlane.Events;

/// <summary>
/// Adds events to write transactions: that of the API call that makes it, and one for each instance and image whose state
/// it changes, whoever changes it.
/// </summary>
/// <remarks>
/// Called by <see cref="DbContextFactoryExtensions.WriteAsync{T}"/> for every write there is, so that no service can forget
/// it and no change is committed without its event.
/// </remarks>
public sealed class EventRecorder(EventSignal signal, TimeProvider time)
{
    // A caller who is refused all the time must not fill the table: ten a second are more than any mistake makes.
    internal const int MaxRefusalsPerMinute = 600;

    private readonly AsyncLocal<ApiCall?> _current = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<AccountId, int> _refusals = [];
    private long _refusalsSince = time.GetTimestamp();

    /// <summary>From here on in this flow of control, writes are this call's.</summary>
    public void Begin(ApiCall call) => _current.Value = call;

    /// <summary>The events of a write that is about to be saved, which are added to it.</summary>
    internal ApiCall? Record(CloudLabDbContext db, CloudLabError? refusal)
    {
        RecordStateChanges(db);
        if (_current.Value is not { IsRecorded: false, IsOver: false } call) return null;
        if (refusal is not null && !MayRecordRefusal(call.AccountId)) return call;
        db.Events.Add(Make(call, refusal is null ? EventOutcome.Ok : EventOutcome.Refused, refusal?.Code, refusal is null ? Created(db) : []));
        return call;
    }

    /// <summary>The write was committed.</summary>
    internal void Committed(ApiCall? call)
    {
        if (call is not null) call.IsRecorded = true;
        signal.Notify();
    }

    /// <summary>Writes the event of a call that made no write of its own, or whose write did not come to its end.</summary>
    public async Task RecordAsync(
        IDbContextFactory<CloudLabDbContext> contexts, ApiCall call, EventOutcome outcome, string? errorCode, CancellationToken cancellationToken)
    {
        call.IsRecorded = true;
        if (outcome == EventOutcome.Refused && !MayRecordRefusal(call.AccountId)) return;
        await contexts.WriteAsync(
            (db, _) =>
            {
                db.Events.Add(Make(call, outcome, errorCode, []));
                return Task.FromResult(call);
            },
            cancellationToken).ConfigureAwait(false);
    }

    private void RecordStateChanges(CloudLabDbContext db)
    {
        foreach (EntityEntry<Instance> entry in db.ChangeTracker.Entries<Instance>().ToList())
        {
            if (entry.State != EntityState.Modified) continue;
            Instance instance = entry.Entity;
            InstanceState before = InstanceStates.Of(
                entry.Property(i => i.Desired).OriginalValue, entry.Property(i => i.Observed).OriginalValue);
            if (before == instance.State) continue;
            // Whose it was when it changed: with its end it is no host's any more.
            string? host = entry.Property(i => i.Host).OriginalValue ?? instance.Host;
            AddChange(db, instance.AccountId, "instance", instance.Id.Value, host, EnumText.Of(before), EnumText.Of(instance.State), instance.ReasonMessage);
        }

        foreach (EntityEntry<Image> entry in db.ChangeTracker.Entries<Image>().ToList())
        {
            Image image = entry.Entity;
            if (entry.State != EntityState.Modified || image.AccountId is not { } account) continue;
            ImageState before = entry.Property(i => i.State).OriginalValue;
            if (before != image.State)
                AddChange(db, account, "image", image.Id.Value, null, EnumText.Of(before), EnumText.Of(image.State), image.StateReason);
        }
    }

    private void AddChange(
        CloudLabDbContext db, AccountId account, string type, string id, string? host, string from, string to, string? reason)
    {
        ApiCall? call = _current.Value is { IsOver: false } current ? current : null;
        db.Events.Add(new Event
        {
            AccountId = account,
            At = time.GetUtcMicroseconds(),
            Actor = call?.Actor ?? (host is null ? "system" : "host/" + host),
            ActorName = call?.ActorName,
            SourceAddress = call?.SourceAddress,
            Action = $"{type}s.state-changed",
            ResourceType = type,
            ResourceId = id,
            Outcome = EventOutcome.Ok,
            RequestId = call?.RequestId,
            Details = Json(new { from, to, reason }),
        });
    }

    private Event Make(ApiCall call, EventOutcome outcome, string? errorCode, string[] created) => new()
    {
        AccountId = call.AccountId,
        At = time.GetUtcMicroseconds(),
        Actor = call.Actor,
        ActorName = call.ActorName,
        SourceAddress = call.SourceAddress,
        Action = call.Action,
        ResourceType = call.ResourceType,
        ResourceId = call.ResourceId ?? (created.Length == 1 ? created[0] : null),
        Outcome = outcome,
        ErrorCode = errorCode,
        RequestId = call.RequestId,
        Details = created.Length > 1 || (created.Length == 1 && call.ResourceId is not null) ? Json(new { created }) : null,
    };

    private Event Make(ApiCall call, EventOutcome outcome, ErrorCode? code, string[] created) =>
        Make(call, outcome, code is { } value ? EnumText.Of(value) : null, created);

    /// <summary>The ids of what the write adds, where a caller knows it by an id.</summary>
    private static string[] Created(CloudLabDbContext db) =>
        [.. db.ChangeTracker.Entries().Where(entry => entry.State == EntityState.Added).Select(entry => IdOf(entry.Entity)).OfType<string>()];

    private static string? IdOf(object row) => row switch
    {
        Instance instance => instance.Id.Value,
        Image image => image.Id.Value,
        Webhook webhook => webhook.Id.Value,
        Account account => account.Id.Value,
        User user => user.Id.Value,
        ApiToken token => token.Id.Value,
        AccessKey key => key.Id.ToString(),
        _ => null,
    };

    private static string? Json<T>(T details)
    {
        string text = JsonSerializer.Serialize(details);
        return text.Length <= Event.MaxDetailsLength ? text : null;
    }

    private bool MayRecordRefusal(AccountId account)
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_refusalsSince) >= TimeSpan.FromMinutes(1))
            {
                _refusals.Clear();
                _refusalsSince = time.GetTimestamp();
            }

            int count = _refusals.GetValueOrDefault(account) + 1;
            _refusals[account] = count;
            return count <= MaxRefusalsPerMinute;
        }
    }
}
