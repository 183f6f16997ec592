namespace CloudLab.Machine;

/// <summary>The host's share that the hypervisor may use.</summary>
public sealed record HypervisorOptions
{
    /// <summary>How many host threads run vCPUs. Default: one for each core of the host.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// How many bytes of host memory the RAM of all machines together may take. Default: three quarters of the memory the
    /// process may use (the container's limit where there is one), so that the server and its caches keep the rest.
    /// </summary>
    public ulong MemoryBudget { get; init; } = (ulong)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3;

    /// <summary>
    /// How many bytes of RAM machines may be promised for each byte of <see cref="MemoryBudget"/>. Up to 1 a machine's RAM
    /// is its own from its creation; above, it is charged when the guest first writes to it, and a guest that writes
    /// when the budget is used up pauses until there is memory. Default 1: no guest ever pauses.
    /// </summary>
    public double MemoryOvercommit { get; init; } = 1;

    /// <summary>How many bytes of RAM all machines together may be promised.</summary>
    public ulong PromisedMemory => (ulong)Math.Min(MemoryBudget * MemoryOvercommit, long.MaxValue);

    /// <summary>
    /// The most bytes of decoded code that one machine keeps beside its RAM, all its vCPUs together. When a vCPU's part
    /// is full it starts anew. Default: 64 MiB, six times what a boot of the stock kernel decodes.
    /// </summary>
    public ulong CodeCacheSize { get; init; } = 64UL << 20;
}
