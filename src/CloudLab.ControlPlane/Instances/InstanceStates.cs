using System.Linq.Expressions;

namespace CloudLab.ControlPlane.Instances;

/// <summary>
/// How <see cref="InstanceState"/> follows from the two columns. The API changes only what is desired, so a stop or a
/// termination shows at once, before the host has seen the row.
/// </summary>
/// <code>
///  desired \ observed   Pending        Running        Stopped        Terminated
///  Running              pending        running        pending        terminated
///  Stopped              stopping       stopping       stopped        terminated
///  Terminated           shutting-down  shutting-down  shutting-down  terminated
/// </code>
public static class InstanceStates
{
    /// <summary>The state that is shown.</summary>
    public static InstanceState Of(DesiredState desired, ObservedState observed) => (desired, observed) switch
    {
        (_, ObservedState.Terminated) => InstanceState.Terminated,
        (DesiredState.Terminated, _) => InstanceState.ShuttingDown,
        (DesiredState.Stopped, ObservedState.Stopped) => InstanceState.Stopped,
        (DesiredState.Stopped, _) => InstanceState.Stopping,
        (DesiredState.Running, ObservedState.Running) => InstanceState.Running,
        (DesiredState.Running, _) => InstanceState.Pending,
    };

    /// <summary>The same table as a condition that a database can evaluate.</summary>
    internal static Expression<Func<Instance, bool>> Is(InstanceState state) => state switch
    {
        InstanceState.Terminated => i => i.Observed == ObservedState.Terminated,
        InstanceState.ShuttingDown => i => i.Desired == DesiredState.Terminated && i.Observed != ObservedState.Terminated,
        InstanceState.Stopped => i => i.Desired == DesiredState.Stopped && i.Observed == ObservedState.Stopped,
        InstanceState.Stopping => i => i.Desired == DesiredState.Stopped
            && (i.Observed == ObservedState.Pending || i.Observed == ObservedState.Running),
        InstanceState.Running => i => i.Desired == DesiredState.Running && i.Observed == ObservedState.Running,
        InstanceState.Pending => i => i.Desired == DesiredState.Running
            && (i.Observed == ObservedState.Pending || i.Observed == ObservedState.Stopped),
    };
}
