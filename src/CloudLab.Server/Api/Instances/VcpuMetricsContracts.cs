using CloudLab.Machine;

namespace CloudLab.Server.Api.Instances;

/// <summary>What one vCPU has done since its instance was started.</summary>
internal sealed record VcpuMetricsView
{
    /// <summary>Guest instructions retired.</summary>
    /// <example>277000000</example>
    public required ulong Instructions { get; init; }

    /// <summary>Host CPU time spent running it, in seconds.</summary>
    /// <example>2.43</example>
    public required double CpuSeconds { get; init; }

    /// <summary>Time in which it could have run but waited for a host core or the instance's cap, in seconds.</summary>
    /// <example>0.12</example>
    public required double StealSeconds { get; init; }

    /// <summary>How often it was left so that CloudLab emulated something, by cause.</summary>
    /// <example>{"sbi.time": 412, "privileged.halt": 380}</example>
    public required IReadOnlyDictionary<string, ulong> Exits { get; init; }

    /// <summary>Traps delivered to it inside the guest, by cause.</summary>
    /// <example>{"exception.ecall-from-user": 1204, "exception.load-page-fault": 96}</example>
    public required IReadOnlyDictionary<string, ulong> Traps { get; init; }

    public static VcpuMetricsView Of(VcpuMetrics metrics) => new()
    {
        Instructions = metrics.Instructions,
        CpuSeconds = metrics.CpuTime.TotalSeconds,
        StealSeconds = metrics.StealTime.TotalSeconds,
        Exits = metrics.Exits,
        Traps = metrics.Traps,
    };
}
