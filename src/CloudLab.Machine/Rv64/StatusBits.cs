namespace CloudLab.Machine.Rv64;

/// <summary>The fields of mstatus and sstatus (privileged specification, 3.1.6 and 12.1.1).</summary>
internal static class StatusBits
{
    public const ulong Sie = 1UL << 1;
    public const ulong Mie = 1UL << 3;
    public const ulong Spie = 1UL << 5;
    public const ulong Mpie = 1UL << 7;
    public const ulong Spp = 1UL << 8;
    public const int MppShift = 11;
    public const ulong Mpp = 3UL << MppShift;
    public const int FsShift = 13;
    public const ulong Fs = 3UL << FsShift;
    public const ulong Mprv = 1UL << 17;
    public const ulong Sum = 1UL << 18;
    public const ulong Mxr = 1UL << 19;
    public const ulong Tvm = 1UL << 20;
    public const ulong Tw = 1UL << 21;
    public const ulong Tsr = 1UL << 22;
    public const ulong Uxl64 = 2UL << 32;
    public const ulong Sxl64 = 2UL << 34;
    public const ulong Sd = 1UL << 63;

    /// <summary>What software may change through mstatus; FS is kept apart.</summary>
    public const ulong MachineWritable = Sie | Mie | Spie | Mpie | Spp | Mpp | Mprv | Sum | Mxr | Tvm | Tw | Tsr;

    /// <summary>What software may change through sstatus; FS is kept apart.</summary>
    public const ulong SupervisorWritable = Sie | Spie | Spp | Sum | Mxr;
}
