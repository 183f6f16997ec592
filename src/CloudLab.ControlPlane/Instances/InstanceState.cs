namespace CloudLab.ControlPlane.Instances;

/// <summary>The state of an instance as its account sees it: what is wanted and what is seen, in one word.</summary>
public enum InstanceState
{
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated,
}
