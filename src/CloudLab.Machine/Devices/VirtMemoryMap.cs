using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Devices;

/// <summary>
/// Where everything lies in guest-physical space and on which interrupt: QEMU's <c>virt</c> machine, so that what runs
/// there runs here. (hw/riscv/virt.c and include/hw/riscv/virt.h; without PCIe, flash and fw_cfg.)
/// </summary>
internal static class VirtMemoryMap
{
    public const ulong TestSize = 0x1000;
    public const ulong RtcSize = 0x1000;
    public const ulong AclintSize = 0x1_0000;
    public const ulong PlicSize = 0x60_0000;
    public const ulong UartSize = 0x100;
    public const ulong VirtioSize = 0x1000;

    /// <summary>The number of virtio-mmio slots.</summary>
    public const int VirtioSlots = 8;

    /// <summary>PLIC source of the first virtio slot; the others follow.</summary>
    public const int VirtioInterrupt = 1;

    /// <summary>PLIC source of the UART.</summary>
    public const int UartInterrupt = 10;

    /// <summary>PLIC source of the real-time clock.</summary>
    public const int RtcInterrupt = 11;

    /// <summary>The number of PLIC sources, which are 1 to this.</summary>
    public const int InterruptSources = 95;

    /// <summary>The rate of <c>time</c> and <c>mtime</c> in ticks a second.</summary>
    public const uint TimebaseFrequency = 10_000_000;

    /// <summary>The UART's clock in Hz: 16 × 230,400 baud.</summary>
    public const uint UartClock = 3_686_400;

    /// <summary>The start of RAM that the VMM's SBI keeps from a kernel started in S-mode, in bytes.</summary>
    public const ulong FirmwareReserve = 2 << 20;

    public static readonly GuestAddress Test = new(0x0010_0000);
    public static readonly GuestAddress Rtc = new(0x0010_1000);
    public static readonly GuestAddress Aclint = new(0x0200_0000);
    public static readonly GuestAddress Plic = new(0x0c00_0000);
    public static readonly GuestAddress Uart = new(0x1000_0000);
    public static readonly GuestAddress Ram = new(0x8000_0000);

    /// <summary>The base of virtio slot <paramref name="slot"/>, 0 to <see cref="VirtioSlots"/> - 1.</summary>
    public static GuestAddress Virtio(int slot) => new(0x1000_1000 + (ulong)slot * VirtioSize);
}
