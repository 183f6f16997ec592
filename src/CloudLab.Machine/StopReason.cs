namespace CloudLab.Machine;

/// <summary>Why a machine stopped.</summary>
public enum StopReason
{
    /// <summary>It has not stopped.</summary>
    None,

    /// <summary>The guest powered itself off (SBI SRST or the test device).</summary>
    GuestPowerOff,

    /// <summary>The guest reported a failure through the test device or SBI SRST.</summary>
    GuestFailure,

    /// <summary><see cref="VirtualMachine.StopAsync"/> was called.</summary>
    Requested,

    /// <summary>The VMM met a fault of its own; <see cref="MachineStatus.Detail"/> says which. Other machines go on.</summary>
    InternalError,
}
