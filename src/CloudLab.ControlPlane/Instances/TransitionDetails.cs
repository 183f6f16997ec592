namespace CloudLab.ControlPlane.Instances;

/// <summary>A change of an instance's state.</summary>
/// <param name="Sequence">1 for the first after creation; gaps there are none.</param>
/// <param name="At">When it was committed.</param>
/// <param name="From">The state before; null for the creation.</param>
/// <param name="To">The state from then on.</param>
/// <param name="Reason">Why, where there is something to say.</param>
public sealed record TransitionDetails(
    int Sequence, DateTimeOffset At, InstanceState? From, InstanceState To, StateReason? Reason);
