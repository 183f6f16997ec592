using System.ComponentModel;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Events;
using Microsoft.AspNetCore.Mvc;

namespace CloudLab.Server.Api.Events;

/// <summary>The filters of events, as a list and a stream take them.</summary>
internal sealed record EventFilterQuery
{
    /// <summary>An action, or the beginning of some with a star, e.g. `instances.*`.</summary>
    [FromQuery(Name = "action")]
    [Description("An action, or the beginning of some with a star, e.g. `instances.*`.")]
    public string? Action { get; init; }

    /// <summary>The id of what it was done to, e.g. `i-0123456789abcdef0`.</summary>
    [FromQuery(Name = "resourceId")]
    [Description("The id of what it was done to, e.g. `i-0123456789abcdef0`.")]
    public string? ResourceId { get; init; }

    /// <summary>The kind of what it was done to, e.g. `instance`.</summary>
    [FromQuery(Name = "resourceType")]
    [Description("The kind of what it was done to, e.g. `instance`.")]
    public string? ResourceType { get; init; }

    /// <summary>Who did it, e.g. `tok-0123456789abcdef0`: a token's id, `host/NAME`, `operator/NAME` or `system`.</summary>
    [FromQuery(Name = "actor")]
    [Description("Who did it, e.g. `tok-0123456789abcdef0`: a token's id, `host/NAME`, `operator/NAME` or `system`.")]
    public string? Actor { get; init; }

    /// <summary>How it ended, e.g. `refused`: `ok`, `refused` or `failed`.</summary>
    [FromQuery(Name = "outcome")]
    [Description("How it ended, e.g. `refused`: `ok`, `refused` or `failed`.")]
    public string? Outcome { get; init; }

    /// <summary>From this time on (RFC 3339), e.g. `2026-01-31T12:00:00Z`.</summary>
    [FromQuery(Name = "since")]
    [Description("From this time on (RFC 3339), e.g. `2026-01-31T12:00:00Z`.")]
    public DateTimeOffset? Since { get; init; }

    /// <summary>Before this time (RFC 3339), e.g. `2026-01-31T13:00:00Z`.</summary>
    [FromQuery(Name = "until")]
    [Description("Before this time (RFC 3339), e.g. `2026-01-31T13:00:00Z`.")]
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
