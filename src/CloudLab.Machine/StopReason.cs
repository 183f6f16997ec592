namespace CloudLab.Machine;

/// <summary>Why a machine stopped.</summary>
public enum StopReason
{
    /// <summary>It has not stopped.</summary>
    None,

    /// <summary>The guest powered itself off (SBI SRST, the test device or HTIF).</summary>
    GuestPowerOff,

    /// <summary>The guest reported a failure through the test device, HTIF or SBI SRST; <see cref="MachineStatus.ExitCode"/> says which.</summary>
    GuestFailure,

    /// <summary><see cref="VirtualMachine.StopAsync"/> was called.</summary>
    Requested,

    /// <summary>The VMM met a fault of its own; <see cref="MachineStatus.Detail"/> says which. Other machines go on.</summary>
    InternalError,
}
