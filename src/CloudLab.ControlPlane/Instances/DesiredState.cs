namespace CloudLab.ControlPlane.Instances;

/// <summary>What the account wants of an instance. Written by the API; by the owning host only when the guest itself ends.</summary>
public enum DesiredState
{
    Running,
    Stopped,

    /// <summary>Final.</summary>
    Terminated,
}
