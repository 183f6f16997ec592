using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Rv64;

/// <summary>The names under which exits and traps are shown to users.</summary>
internal static class CounterNames
{
    /// <summary>Interrupts by their number in mcause.</summary>
    public static readonly IReadOnlyList<(int Number, string Name)> Interrupts =
    [
        (1, "interrupt.supervisor-software"),
        (3, "interrupt.machine-software"),
        (5, "interrupt.supervisor-timer"),
        (7, "interrupt.machine-timer"),
        (9, "interrupt.supervisor-external"),
        (11, "interrupt.machine-external"),
    ];

    public static string Of(ExitCause cause) => cause switch
    {
        ExitCause.AddressMapping => "privileged.address-mapping",
        ExitCause.TlbInvalidation => "privileged.tlb-invalidation",
        ExitCause.CacheMaintenance => "privileged.cache-maintenance",
        ExitCause.SystemRegister => "privileged.system-register",
        ExitCause.ModeChange => "privileged.mode-change",
        ExitCause.Halt => "privileged.halt",
        ExitCause.ResetAndPower => "privileged.reset-and-power",
        ExitCause.SbiBase => "sbi.base",
        ExitCause.SbiTime => "sbi.time",
        ExitCause.SbiIpi => "sbi.ipi",
        ExitCause.SbiRemoteFence => "sbi.remote-fence",
        ExitCause.SbiHartState => "sbi.hart-state",
        ExitCause.SbiSystemReset => "sbi.system-reset",
        ExitCause.SbiDebugConsole => "sbi.debug-console",
        ExitCause.SbiUnknown => "sbi.unknown",
    };

    public static string OfLoads(DeviceKind device) => $"mmio.{Of(device)}.read";

    public static string OfStores(DeviceKind device) => $"mmio.{Of(device)}.write";

    public static string Of(ExceptionCode code) => code switch
    {
        ExceptionCode.InstructionAddressMisaligned => "exception.instruction-address-misaligned",
        ExceptionCode.InstructionAccessFault => "exception.instruction-access-fault",
        ExceptionCode.IllegalInstruction => "exception.illegal-instruction",
        ExceptionCode.Breakpoint => "exception.breakpoint",
        ExceptionCode.LoadAddressMisaligned => "exception.load-address-misaligned",
        ExceptionCode.LoadAccessFault => "exception.load-access-fault",
        ExceptionCode.StoreAddressMisaligned => "exception.store-address-misaligned",
        ExceptionCode.StoreAccessFault => "exception.store-access-fault",
        ExceptionCode.EcallFromUser => "exception.ecall-from-user",
        ExceptionCode.EcallFromSupervisor => "exception.ecall-from-supervisor",
        ExceptionCode.EcallFromMachine => "exception.ecall-from-machine",
        ExceptionCode.InstructionPageFault => "exception.instruction-page-fault",
        ExceptionCode.LoadPageFault => "exception.load-page-fault",
        ExceptionCode.StorePageFault => "exception.store-page-fault",
    };

    private static string Of(DeviceKind device) => device switch
    {
        DeviceKind.Unmapped => "unmapped",
        DeviceKind.Test => "test",
        DeviceKind.Rtc => "rtc",
        DeviceKind.Aclint => "aclint",
        DeviceKind.Plic => "plic",
        DeviceKind.Uart => "uart",
        DeviceKind.Htif => "htif",
        DeviceKind.VirtioBlock => "virtio-block",
        DeviceKind.VirtioConsole => "virtio-console",
        DeviceKind.VirtioEntropy => "virtio-entropy",
        DeviceKind.VirtioInput => "virtio-input",
        DeviceKind.VirtioScsi => "virtio-scsi",
        DeviceKind.VirtioEmpty => "virtio-empty",
    };
}
