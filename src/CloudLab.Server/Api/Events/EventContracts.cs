using System.Text.Json;
using CloudLab.ControlPlane.Events;

namespace CloudLab.Server.Api.Events;

/// <summary>Who did what to what, when, with what outcome.</summary>
internal sealed record EventView
{
    /// <summary>The event's id; later events have greater ones, as texts too.</summary>
    /// <example>evt-00000000000004d2</example>
    public required string EventId { get; init; }

    /// <summary>When it happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Who: a token's id, `host/NAME` for a host that saw a change, `operator/NAME` for who used the command line there, or `system`.</summary>
    /// <example>tok-0123456789abcdef0</example>
    public required string Actor { get; init; }

    /// <summary>The name of the user whom the token belongs to.</summary>
    /// <example>admin</example>
    public required string? ActorName { get; init; }

    /// <summary>The address that the request came from.</summary>
    /// <example>192.0.2.7</example>
    public required string? SourceAddress { get; init; }

    /// <summary>What was done or happened.</summary>
    /// <example>instances.stop</example>
    public required string Action { get; init; }

    /// <summary>What kind of thing it was done to.</summary>
    /// <example>instance</example>
    public required string ResourceType { get; init; }

    /// <summary>Which one; null when it concerns none, or several, which `details` then names.</summary>
    /// <example>i-0123456789abcdef0</example>
    public required string? ResourceId { get; init; }

    /// <summary>How it ended.</summary>
    public required EventOutcome Outcome { get; init; }

    /// <summary>The code of the problem that the caller was told.</summary>
    /// <example>null</example>
    public required string? ErrorCode { get; init; }

    /// <summary>The trace id of the request.</summary>
    /// <example>4bf92f3577b34da6a3ce929d0e0e4736</example>
    public required string? RequestId { get; init; }

    /// <summary>More, as an object whose members depend on the action: `from`, `to` and `reason` of a change of state, `created` with the ids of what was made.</summary>
    /// <example>{"from": "pending", "to": "running"}</example>
    public required JsonElement? Details { get; init; }

    public static EventView Of(EventDetails item) => new()
    {
        EventId = item.Id,
        At = item.At,
        Actor = item.Actor,
        ActorName = item.ActorName,
        SourceAddress = item.SourceAddress,
        Action = item.Action,
        ResourceType = item.ResourceType,
        ResourceId = item.ResourceId,
        Outcome = item.Outcome,
        ErrorCode = item.ErrorCode,
        RequestId = item.RequestId,
        Details = item.Details is null ? null : JsonElement.Parse(item.Details),
    };
}

/// <summary>A page of events.</summary>
internal sealed record EventList
{
    /// <summary>Newest first.</summary>
    public required IReadOnlyList<EventView> Events { get; init; }

    /// <summary>Asks for the page after this one; null on the last page.</summary>
    /// <example>null</example>
    public required string? NextToken { get; init; }
}
