namespace CloudLab.ControlPlane.Instances;

/// <summary>What the owning host last saw of an instance. Written by that host only.</summary>
public enum ObservedState
{
    /// <summary>It has no machine yet, or again after the host restarted.</summary>
    Pending,

    /// <summary>Its first vCPU has executed.</summary>
    Running,

    /// <summary>It has no machine.</summary>
    Stopped,

    /// <summary>It has no machine and gets none any more. Final.</summary>
    Terminated,
}
