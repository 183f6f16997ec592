namespace CloudLab.Machine;

/// <summary>What a machine has done since it was created. Read without stopping the guest; counters only grow.</summary>
/// <param name="Instructions">Guest instructions retired, all harts.</param>
/// <param name="CpuTime">Host CPU time spent running the vCPUs.</param>
/// <param name="StealTime">Time in which a vCPU was runnable but waited for a host core or for its cap.</param>
/// <param name="Exits">Times the guest left execution so that the VMM emulated, by cause: docs/exits-and-traps.md has the names.</param>
/// <param name="Traps">Traps delivered inside the guest, by cause. No VMM work, so not exits.</param>
public sealed record MachineMetrics(
    ulong Instructions,
    TimeSpan CpuTime,
    TimeSpan StealTime,
    IReadOnlyDictionary<string, ulong> Exits,
    IReadOnlyDictionary<string, ulong> Traps)
{
    /// <summary>The same for each vCPU, in the order of the harts; the sums are theirs.</summary>
    public IReadOnlyList<VcpuMetrics> Vcpus { get; init; } = [];
}
