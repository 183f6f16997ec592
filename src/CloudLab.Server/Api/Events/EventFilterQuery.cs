using System.ComponentModel;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Events;
using Microsoft.AspNetCore.Mvc;

namespace CloudLab.Server.Api.Events;

/// <summary>The filters of events, as a list and a stream take them.</summary>
internal sealed record EventFilterQuery
{
    /// <summary>An action, or the beginning of some with a star: `instances.*`.</summary>
    [FromQuery(Name = "action")]
    [Description("An action, or the beginning of some with a star: `instances.*`.")]
    public string? Action { get; init; }

    /// <summary>The id of what it was done to.</summary>
    [FromQuery(Name = "resourceId")]
    [Description("The id of what it was done to.")]
    public string? ResourceId { get; init; }

    /// <summary>The kind of what it was done to, e.g. `instance`.</summary>
    [FromQuery(Name = "resourceType")]
    [Description("The kind of what it was done to, e.g. `instance`.")]
    public string? ResourceType { get; init; }

    /// <summary>Who did it: a token's id, `host/NAME` or `system`.</summary>
    [FromQuery(Name = "actor")]
    [Description("Who did it: a token's id, `host/NAME` or `system`.")]
    public string? Actor { get; init; }

    /// <summary>How it ended: `ok`, `refused` or `failed`.</summary>
    [FromQuery(Name = "outcome")]
    [Description("How it ended: `ok`, `refused` or `failed`.")]
    public string? Outcome { get; init; }

    /// <summary>From this time on (RFC 3339).</summary>
    [FromQuery(Name = "since")]
    [Description("From this time on (RFC 3339).")]
    public DateTimeOffset? Since { get; init; }

    /// <summary>Before this time (RFC 3339).</summary>
    [FromQuery(Name = "until")]
    [Description("Before this time (RFC 3339).")]
    public DateTimeOffset? Until { get; init; }

    public Result<EventFilter> ToFilter()
    {
        EventOutcome? outcome = null;
        if (Outcome is not null)
        {
            if (!EnumText.TryParse(Outcome, out EventOutcome named))
                return new CloudLabError(ErrorCode.InvalidParameter, "the outcome must be ok, refused or failed");
            outcome = named;
        }

        var filter = new EventFilter
        {
            Action = Action,
            ResourceId = ResourceId,
            ResourceType = ResourceType,
            Actor = Actor,
            Outcome = outcome,
            Since = Since,
            Until = Until,
        };
        return EventService.Check(filter) is { } invalid ? invalid : filter;
    }
}
