using CloudLab.Machine;

namespace CloudLab.Server.Api.Instances;

/// <summary>What an instance's machine has done since it was started. Counters only grow, and begin anew with each start.</summary>
internal sealed record InstanceMetricsView
{
    /// <summary>Guest instructions retired.</summary>
    /// <example>277000000</example>
    public required ulong Instructions { get; init; }

    /// <summary>Host CPU time spent running the vCPUs, in seconds.</summary>
    /// <example>2.43</example>
    public required double CpuSeconds { get; init; }

    /// <summary>Time in which a vCPU could have run but waited for a host core or its cap, in seconds.</summary>
    /// <example>0.12</example>
    public required double StealSeconds { get; init; }

    /// <summary>How often the guest was left so that CloudLab emulated something, by cause.</summary>
    /// <example>{"sbi.time": 412, "privileged.halt": 380}</example>
    public required IReadOnlyDictionary<string, ulong> Exits { get; init; }

    /// <summary>Traps delivered inside the guest, by cause: its own affair, no exits.</summary>
    /// <example>{"exception.ecall-from-user": 1204, "exception.load-page-fault": 96}</example>
    public required IReadOnlyDictionary<string, ulong> Traps { get; init; }

    /// <summary>The same for each vCPU, in the order of the harts; the sums above are theirs.</summary>
    public required IReadOnlyList<VcpuMetricsView> Vcpus { get; init; }

    public static InstanceMetricsView Of(MachineMetrics metrics) => new()
    {
        Instructions = metrics.Instructions,
        CpuSeconds = metrics.CpuTime.TotalSeconds,
        StealSeconds = metrics.StealTime.TotalSeconds,
        Exits = metrics.Exits,
        Traps = metrics.Traps,
        Vcpus = [.. metrics.Vcpus.Select(VcpuMetricsView.Of)],
    };
}
