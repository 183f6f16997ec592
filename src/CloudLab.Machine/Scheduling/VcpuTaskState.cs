namespace CloudLab.Machine.Scheduling;

/// <summary>Where a vCPU is in the scheduler.</summary>
internal enum VcpuTaskState
{
    /// <summary>Not to be run: its machine is not running.</summary>
    Parked,

    /// <summary>Wants a worker.</summary>
    Ready,

    /// <summary>A worker runs it.</summary>
    Running,

    /// <summary>The guest is idle until an interrupt or a deadline.</summary>
    Waiting,

    /// <summary>Its machine has used up its cap; it becomes ready when the allowance has filled.</summary>
    Throttled,
}
