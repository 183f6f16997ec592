namespace CloudLab.ControlPlane.Instances;

/// <summary>What a guest's own poweroff does to its instance.</summary>
public enum ShutdownBehavior
{
    Stop,
    Terminate,
}
