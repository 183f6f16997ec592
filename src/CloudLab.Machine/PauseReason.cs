namespace CloudLab.Machine;

/// <summary>Why a machine is paused.</summary>
public enum PauseReason
{
    /// <summary>It is not.</summary>
    None,

    /// <summary><see cref="VirtualMachine.PauseAsync"/> was called, or the machine was restored and waits to be resumed.</summary>
    Requested,

    /// <summary>
    /// The guest wrote to RAM that the host has no memory for. It goes on by itself when another machine has given memory
    /// back, in the order in which they paused, unless it was also asked to pause.
    /// </summary>
    InsufficientHostMemory,
}
