using System.Diagnostics.Metrics;
using CloudLab.ControlPlane.Reconciliation;
using CloudLab.Machine;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>What this host's machines use and have done. Meter <c>CloudLab.Host</c>; read when somebody asks, at no cost before.</summary>
/// <remarks>For the host as a whole: an instance's own numbers are at <c>/v1/instances/{id}/metrics</c>, for its account.</remarks>
internal sealed class HostMetrics : IDisposable
{
    public const string MeterName = "CloudLab.Host";

    private readonly Meter _meter;

    public HostMetrics(IMeterFactory factory, MachineTotals totals, Hypervisor hypervisor)
    {
        _meter = factory.Create(MeterName);
        _meter.CreateObservableUpDownCounter("cloudlab.host.machines", () => totals.Read().Machines, "{machine}", "Machines on this host");
        _meter.CreateObservableUpDownCounter(
            "cloudlab.host.memory.usage", () => (long)hypervisor.MemoryInUse, "By", "Guest memory that machines have been promised");
        _meter.CreateObservableUpDownCounter(
            "cloudlab.host.memory.limit", () => (long)hypervisor.Options.PromisedMemory, "By", "Guest memory that this host may promise");
        _meter.CreateObservableUpDownCounter(
            "cloudlab.host.memory.handed_out", () => (long)hypervisor.MemoryHandedOut, "By", "Host memory that guests have been given of the budget");
        _meter.CreateObservableUpDownCounter(
            "cloudlab.host.memory.budget", () => (long)hypervisor.Options.MemoryBudget, "By", "Host memory that guests may be given");
        _meter.CreateObservableUpDownCounter(
            "cloudlab.host.vcpu.workers", () => hypervisor.Options.Workers, "{thread}", "Threads that run vCPUs");
        _meter.CreateObservableCounter(
            "cloudlab.vcpu.time", () => totals.Read().Work.CpuTime.TotalSeconds, "s", "Host CPU time spent running vCPUs");
        _meter.CreateObservableCounter(
            "cloudlab.vcpu.steal", () => totals.Read().Work.StealTime.TotalSeconds, "s", "Time that runnable vCPUs waited for a core or their cap");
        _meter.CreateObservableCounter(
            "cloudlab.vcpu.instructions", () => (long)totals.Read().Work.Instructions, "{instruction}", "Guest instructions retired");
        _meter.CreateObservableCounter(
            "cloudlab.vcpu.exits", () => ByCause(totals.Read().Work.Exits), "{exit}", "Times a guest was left so that the VMM emulated, by cause");
        _meter.CreateObservableCounter(
            "cloudlab.vcpu.traps", () => ByCause(totals.Read().Work.Traps), "{trap}", "Traps delivered inside guests, by cause");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> ByCause(IReadOnlyDictionary<string, ulong> counts) =>
        counts.Select(c => new Measurement<long>((long)c.Value, new KeyValuePair<string, object?>("cause", c.Key)));
}
