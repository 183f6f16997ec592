using CloudLab.Machine.Memory;

namespace CloudLab.Machine.Boot.DeviceTree;

/// <summary>What a device tree says of one machine beyond the fixed memory map.</summary>
internal sealed record VirtMachineDescription
{
    /// <summary>The number of harts; their ids are 0 to this - 1.</summary>
    public required int Harts { get; init; }

    /// <summary>The size of RAM in bytes.</summary>
    public required ulong MemorySize { get; init; }

    /// <summary>
    /// The instruction set extensions in canonical order, as <c>riscv,isa-extensions</c> lists them: single letters
    /// (i m a f d c) first, then names such as <c>zicsr</c>.
    /// </summary>
    public required IReadOnlyList<string> IsaExtensions { get; init; }

    /// <summary>The widest address translation, e.g. <c>riscv,sv48</c>.</summary>
    public required string MmuType { get; init; }

    /// <summary>The kernel command line.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>Where the initial RAM file system lies, when <see cref="InitramfsLength"/> is not 0.</summary>
    public GuestAddress InitramfsStart { get; init; }

    /// <summary>The size of the initial RAM file system in bytes, 0 for none.</summary>
    public ulong InitramfsLength { get; init; }

    /// <summary>Entropy for the kernel's first random numbers and its address layout; empty for none.</summary>
    public ReadOnlyMemory<byte> RngSeed { get; init; }

    /// <summary>Further properties of the node <c>/chosen</c>.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Chosen { get; init; } = new Dictionary<string, ReadOnlyMemory<byte>>();

    /// <summary>Whether the start of RAM is kept from the kernel for the SBI that the VMM plays.</summary>
    public bool ReservesFirmware { get; init; } = true;

    /// <summary>The number of virtio-mmio slots to announce, from slot 0.</summary>
    public required int VirtioSlots { get; init; }

    /// <summary>The block size in bytes of <c>cbo.*</c>, for machines with Zicbom or Zicboz; 0 for none.</summary>
    public uint CacheBlockSize { get; init; }
}
