namespace CloudLab.Machine.Rv64;

/// <summary>The bits of mip, mie and mideleg (privileged specification, 3.1.9).</summary>
internal static class InterruptBits
{
    public const ulong SupervisorSoftware = 1UL << 1;
    public const ulong MachineSoftware = 1UL << 3;
    public const ulong SupervisorTimer = 1UL << 5;
    public const ulong MachineTimer = 1UL << 7;
    public const ulong SupervisorExternal = 1UL << 9;
    public const ulong MachineExternal = 1UL << 11;
    public const ulong Supervisor = SupervisorSoftware | SupervisorTimer | SupervisorExternal;
    public const ulong Machine = MachineSoftware | MachineTimer | MachineExternal;
}
