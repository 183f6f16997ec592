using System.Linq.Expressions;

namespace CloudLab.ControlPlane.Events;

/// <summary>An event as its account sees it. The properties mean what those of <see cref="Event"/> do.</summary>
public sealed record EventDetails(
    string Id,
    DateTimeOffset At,
    string Actor,
    string? ActorName,
    string? SourceAddress,
    string Action,
    string ResourceType,
    string? ResourceId,
    EventOutcome Outcome,
    string? ErrorCode,
    string? RequestId,
    string? Details,
    EventPosition Position)
{
    internal static Expression<Func<Event, EventDetails>> Projection { get; } = e => new EventDetails(
        EventId.Of(e.Sequence),
        e.At,
        e.Actor,
        e.ActorName,
        e.SourceAddress,
        e.Action,
        e.ResourceType,
        e.ResourceId,
        e.Outcome,
        e.ErrorCode,
        e.RequestId,
        e.Details,
        new EventPosition(e.TransactionId, e.Sequence));
}
