namespace CloudLab.ControlPlane.Events;

/// <summary>Which events are wanted: those for which all that is given holds.</summary>
public sealed record EventFilter
{
    /// <summary>An action, or the beginning of some: <c>instances.*</c>. Null for all.</summary>
    public string? Action { get; init; }

    /// <summary>A resource's id; what was made in one call with others is found too.</summary>
    public string? ResourceId { get; init; }

    /// <summary>E.g. <c>instance</c>.</summary>
    public string? ResourceType { get; init; }

    /// <summary>A token's id, <c>host/NAME</c> or <c>system</c>.</summary>
    public string? Actor { get; init; }

    public EventOutcome? Outcome { get; init; }

    /// <summary>From this time on.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Before this time.</summary>
    public DateTimeOffset? Until { get; init; }
}
