using System.Diagnostics.Metrics;

namespace CloudLab.Storage.Volumes;

/// <summary>What happens to the volumes of a store, on the meter <c>CloudLab.Volumes</c>.</summary>
internal sealed class VolumeMetrics : IDisposable
{
    private readonly Meter _meter = new("CloudLab.Volumes");
    private readonly Counter<long> _failures;
    private readonly Counter<long> _collectedObjects;

    public VolumeMetrics(Func<long> openVolumes, Func<long> pendingBytes, Func<long> mapPages)
    {
        _meter.CreateObservableUpDownCounter("cloudlab.volumes.open", openVolumes, "{volume}", "Volumes that are open here.");
        _meter.CreateObservableUpDownCounter("cloudlab.volumes.log.size", pendingBytes, "By", "Written and not in the blob store yet.");
        _meter.CreateObservableUpDownCounter("cloudlab.volumes.map.pages", mapPages, "{page}", "Pages of maps in memory.");
        _failures = _meter.CreateCounter<long>("cloudlab.volumes.failures", "{failure}", "Volumes that stopped taking writes.");
        _collectedObjects = _meter.CreateCounter<long>("cloudlab.volumes.collected", "{object}", "Objects that were removed.");
    }

    public void Failed(VolumeError error) => _failures.Add(1, new KeyValuePair<string, object?>("error.type", error.ToString()));

    public void Collected(int objects) => _collectedObjects.Add(objects);

    public void Dispose() => _meter.Dispose();
}
