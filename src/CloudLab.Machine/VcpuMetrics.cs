namespace CloudLab.Machine;

/// <summary>What one vCPU has done since its machine was created.</summary>
/// <param name="Instructions">Guest instructions retired.</param>
/// <param name="CpuTime">Host CPU time spent running the vCPU.</param>
/// <param name="StealTime">Time in which it was runnable but waited for a host core or for its machine's cap.</param>
/// <param name="Exits">Times the guest left execution so that the VMM emulated, by cause: docs/exits-and-traps.md has the names.</param>
/// <param name="Traps">Traps delivered inside the guest, by cause.</param>
public sealed record VcpuMetrics(
    ulong Instructions,
    TimeSpan CpuTime,
    TimeSpan StealTime,
    IReadOnlyDictionary<string, ulong> Exits,
    IReadOnlyDictionary<string, ulong> Traps);
