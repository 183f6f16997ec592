using CloudLab.Machine;

namespace CloudLab.Benchmarks;

/// <summary>What a machine has spent so far.</summary>
/// <param name="CpuSeconds">Host CPU time of its vCPUs.</param>
/// <param name="Instructions">Guest instructions.</param>
/// <param name="Waits">Times a hart went to sleep.</param>
/// <param name="Timers">Timer interrupts taken.</param>
/// <param name="External">Device interrupts taken.</param>
internal sealed record IdleCost(double CpuSeconds, double Instructions, double Waits, double Timers, double External)
{
    public static IdleCost Read(MachineMetrics metrics) => new(
        metrics.CpuTime.TotalSeconds,
        metrics.Instructions,
        metrics.Exits.GetValueOrDefault("privileged.halt"),
        metrics.Traps.GetValueOrDefault("interrupt.supervisor-timer"),
        metrics.Traps.GetValueOrDefault("interrupt.supervisor-external"));

    public IdleCost Minus(IdleCost other) => new(
        CpuSeconds - other.CpuSeconds, Instructions - other.Instructions, Waits - other.Waits, Timers - other.Timers, External - other.External);

    public IdleCost Plus(IdleCost other) => new(
        CpuSeconds + other.CpuSeconds, Instructions + other.Instructions, Waits + other.Waits, Timers + other.Timers, External + other.External);
}
