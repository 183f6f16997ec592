using System.Diagnostics.Metrics;

namespace CloudLab.ControlPlane;

/// <summary>What the control plane counts. Meter <c>CloudLab.ControlPlane</c>; counters only grow.</summary>
public sealed class ControlPlaneMetrics : IDisposable
{
    public const string MeterName = "CloudLab.ControlPlane";

    // From a pass that finds nothing to do to one that waits for the database.
    private static readonly double[] Seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly Meter _meter;
    private readonly Counter<long> _boots;
    private readonly Counter<long> _guestResets;
    private readonly Counter<long> _ends;
    private readonly Counter<long> _panics;
    private readonly Counter<long> _retries;
    private readonly Histogram<double> _pass;

    public ControlPlaneMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(MeterName);
        _boots = _meter.CreateCounter<long>("cloudlab.instance.boots", "{boot}", "Machines started or reset by this host");
        _guestResets = _meter.CreateCounter<long>("cloudlab.instance.guest_resets", "{reset}", "Reboots that guests made by themselves");
        _ends = _meter.CreateCounter<long>("cloudlab.instance.ends", "{end}", "Machines that ended, by state reason");
        _panics = _meter.CreateCounter<long>("cloudlab.instance.panics", "{panic}", "Kernel panics seen on consoles");
        _retries = _meter.CreateCounter<long>("cloudlab.reconcile.retries", "{retry}", "Steps that failed and are tried again");
        _pass = _meter.CreateHistogram<double>("cloudlab.reconcile.duration", "s", "Passes of the reconciler over its instances", advice: new() { HistogramBucketBoundaries = Seconds });
    }

    internal void Booted() => _boots.Add(1);

    internal void GuestReset(int times) => _guestResets.Add(times);

    internal void Ended(string? reasonCode) => _ends.Add(1, new KeyValuePair<string, object?>("reason", reasonCode ?? "none"));

    internal void Panicked() => _panics.Add(1);

    internal void Retried() => _retries.Add(1);

    internal void PassTook(TimeSpan duration) => _pass.Record(duration.TotalSeconds);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
