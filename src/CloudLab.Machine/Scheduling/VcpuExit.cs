namespace CloudLab.Machine.Scheduling;

/// <summary>Why <see cref="IVcpuEngine.Run"/> returned.</summary>
internal enum VcpuExit
{
    /// <summary>The slice is used up; the vCPU has more to do.</summary>
    Budget,

    /// <summary>Someone called <see cref="IVcpuEngine.Kick"/>.</summary>
    Kicked,

    /// <summary>The guest waits for an interrupt or <see cref="IVcpuEngine.Deadline"/>.</summary>
    Waiting,

    /// <summary>The vCPU is not started, or has stopped itself.</summary>
    Halted,
}
