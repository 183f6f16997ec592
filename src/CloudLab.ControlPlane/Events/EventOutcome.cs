namespace CloudLab.ControlPlane.Events;

/// <summary>How what an event tells of ended.</summary>
public enum EventOutcome
{
    /// <summary>Committed.</summary>
    Ok,

    /// <summary>Not done, because of the request or the state of things (4xx).</summary>
    Refused,

    /// <summary>Not done, because the server could not (5xx).</summary>
    Failed,
}
