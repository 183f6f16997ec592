namespace CloudLab.Machine.Devices;

/// <summary>All that a <see cref="Plic"/> remembers. Source n is bit n of the masks.</summary>
internal sealed class PlicState(int contexts)
{
    /// <summary>The wires' levels. Devices drive them, so a reset of the PLIC alone keeps them.</summary>
    public UInt128 Levels { get; set; }

    /// <summary>Interrupts that wait to be claimed.</summary>
    public UInt128 Pending { get; set; }

    /// <summary>Interrupts that were claimed and not completed: their gateways are closed.</summary>
    public UInt128 Claimed { get; set; }

    /// <summary>The priority of each source, 0 (never) to 7.</summary>
    public byte[] Priorities { get; } = new byte[VirtMemoryMap.InterruptSources + 1];

    /// <summary>The sources enabled for each context.</summary>
    public UInt128[] Enabled { get; } = new UInt128[contexts];

    /// <summary>A context is interrupted by priorities above its threshold only.</summary>
    public byte[] Thresholds { get; } = new byte[contexts];
}
