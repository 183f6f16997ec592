namespace CloudLab.Machine;

/// <summary>The life of a <see cref="VirtualMachine"/>.</summary>
public enum MachineState
{
    /// <summary>Built, nothing executed yet.</summary>
    Created,

    /// <summary>The first vCPU has executed an instruction and the machine is not paused.</summary>
    Running,

    /// <summary>No vCPU executes, RAM and devices are kept, the guest clock stands still.</summary>
    Paused,

    /// <summary>The machine has ended for the reason in <see cref="MachineStatus.StopReason"/>; it does not start again.</summary>
    Stopped,
}
