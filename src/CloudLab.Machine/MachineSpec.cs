using CloudLab.Machine.Console;
using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.Machine;

/// <summary>All that a machine is made of. Fixed for the machine's life.</summary>
public sealed record MachineSpec
{
    /// <summary>The most that the names and values of <see cref="Chosen"/> may take together, in bytes.</summary>
    public const int MaxChosenBytes = 32 << 10;

    /// <summary>A name for threads, logs and messages, e.g. the instance id.</summary>
    public required string Name { get; init; }

    /// <summary>The number of harts, 1 to 8.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>The size of RAM in bytes; a multiple of 2 MiB, at least 64 MiB.</summary>
    public required ulong MemorySize { get; init; }

    /// <summary>The most host-core time the machine may take, in cores (0.5 is half a core). All its vCPUs share it.</summary>
    public double CpuCap { get; init; } = 1;

    /// <summary>The machine's share of the host when cores are short, relative to other machines' weights.</summary>
    public int CpuWeight { get; init; } = 100;

    /// <summary>
    /// An ELF executable (RISC-V, 64 bits, not dynamically linked), loaded by its segments' physical addresses; a Linux
    /// <c>Image</c> (uncompressed); or a flat binary, loaded to 0x8020_0000, or without any firmware to 0x8000_0000.
    /// </summary>
    public required GuestImage Kernel { get; init; }

    /// <summary>In which mode the kernel is entered, when there is no <see cref="Firmware"/>.</summary>
    public StartMode StartMode { get; init; }

    /// <summary>
    /// A flat binary that every hart enters in M-mode at 0x8000_0000, with the kernel loaded as its payload; or null,
    /// and what <see cref="StartMode"/> says. Not together with <see cref="StartMode.Machine"/>, which leaves it no place.
    /// </summary>
    public GuestImage? Firmware { get; init; }

    /// <summary>The initial RAM file system, or null for none.</summary>
    public GuestImage? Initramfs { get; init; }

    /// <summary>The kernel command line.</summary>
    public string CommandLine { get; init; } = "console=ttyS0";

    /// <summary>
    /// Properties of the device tree's <c>/chosen</c> node by name, for the guest to read below
    /// <c>/proc/device-tree/chosen</c>. All together at most <see cref="MaxChosenBytes"/>.
    /// </summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Chosen { get; init; } = new Dictionary<string, ReadOnlyMemory<byte>>();

    /// <summary>The disks, in the order of their names in the guest (<c>/dev/vda</c>, …). At most 4. Owned by the caller.</summary>
    public IReadOnlyList<IBlockBackend> Disks { get; init; } = [];

    /// <summary>The serial console; it outlives the machine so that its output can be read after a stop.</summary>
    public required SerialConsole Console { get; init; }

    /// <summary>The wall clock at which the guest's real-time clock starts, and that it follows.</summary>
    public TimeProvider WallClock { get; init; } = TimeProvider.System;

    /// <summary>Whether the VMM plays the firmware; otherwise the harts start in M-mode.</summary>
    internal bool PlaysFirmware => Firmware is null && StartMode == StartMode.Supervisor;
}
