namespace CloudLab.Machine.Rv64;

/// <summary>CSR numbers, by their specification's names (privileged specification, tables 3 to 9).</summary>
internal static class Csr
{
    public const uint Fflags = 0x001;
    public const uint Frm = 0x002;
    public const uint Fcsr = 0x003;
    public const uint Cycle = 0xc00;
    public const uint Time = 0xc01;
    public const uint Instret = 0xc02;

    /// <summary>hpmcounter31.</summary>
    public const uint LastCounter = 0xc1f;
    public const uint Sstatus = 0x100;
    public const uint Sie = 0x104;
    public const uint Stvec = 0x105;
    public const uint Scounteren = 0x106;
    public const uint Senvcfg = 0x10a;
    public const uint Sscratch = 0x140;
    public const uint Sepc = 0x141;
    public const uint Scause = 0x142;
    public const uint Stval = 0x143;
    public const uint Sip = 0x144;
    public const uint Stimecmp = 0x14d;
    public const uint Satp = 0x180;
    public const uint Mstatus = 0x300;
    public const uint Misa = 0x301;
    public const uint Medeleg = 0x302;
    public const uint Mideleg = 0x303;
    public const uint Mie = 0x304;
    public const uint Mtvec = 0x305;
    public const uint Mcounteren = 0x306;
    public const uint Menvcfg = 0x30a;
    public const uint Mcountinhibit = 0x320;
    public const uint Mscratch = 0x340;
    public const uint Mepc = 0x341;
    public const uint Mcause = 0x342;
    public const uint Mtval = 0x343;
    public const uint Mip = 0x344;
    public const uint Pmpcfg0 = 0x3a0;
    public const uint Pmpaddr0 = 0x3b0;
    public const uint Mcycle = 0xb00;
    public const uint Minstret = 0xb02;
    public const uint Mvendorid = 0xf11;
    public const uint Marchid = 0xf12;
    public const uint Mimpid = 0xf13;
    public const uint Mhartid = 0xf14;
    public const uint Mconfigptr = 0xf15;
}
