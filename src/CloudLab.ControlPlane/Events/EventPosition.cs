namespace CloudLab.ControlPlane.Events;

/// <summary>A place in the order of events as they became visible: see <see cref="Event"/>.</summary>
public readonly record struct EventPosition(long TransactionId, long Sequence)
{
    /// <summary>Before all events.</summary>
    public static EventPosition Start => default;
}
