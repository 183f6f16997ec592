namespace CloudLab.Machine.Rv64;

/// <summary>
/// The classes of VM exits: guest code was left so that the VMM emulates. Device accesses are counted by device
/// (<see cref="Memory.DeviceKind"/>). Traps that the guest takes itself are not exits and are counted apart.
/// </summary>
internal enum ExitCause
{
    /// <summary>A write to satp: another address space.</summary>
    AddressMapping,

    /// <summary>SFENCE.VMA.</summary>
    TlbInvalidation,

    /// <summary>FENCE.I.</summary>
    CacheMaintenance,

    /// <summary>A CSR instruction on a privileged register other than satp.</summary>
    SystemRegister,

    /// <summary>SRET, MRET.</summary>
    ModeChange,

    /// <summary>WFI.</summary>
    Halt,

    /// <summary>
    /// The guest asked for its machine's end or a restart, by SBI, the test device or HTIF; that call or access is counted
    /// as what it is, too.
    /// </summary>
    ResetAndPower,

    /// <summary>SBI base extension.</summary>
    SbiBase,

    /// <summary>SBI timer.</summary>
    SbiTime,

    /// <summary>SBI inter-processor interrupts.</summary>
    SbiIpi,

    /// <summary>SBI remote fences.</summary>
    SbiRemoteFence,

    /// <summary>SBI hart state management.</summary>
    SbiHartState,

    /// <summary>SBI system reset: power-off or reboot.</summary>
    SbiSystemReset,

    /// <summary>SBI debug console.</summary>
    SbiDebugConsole,

    /// <summary>A call to an SBI extension that is not there.</summary>
    SbiUnknown,
}
