using System.Collections.Concurrent;
using CloudLab.Storage.Blobs;
using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Map;
using CloudLab.Storage.Volumes.Objects;

namespace CloudLab.Storage.Volumes;

/// <summary>What the volumes of a store share.</summary>
internal sealed class SharedParts(IBlobStore blobs, VolumeStoreOptions options)
{
    private readonly ConcurrentDictionary<string, VolumeObjects> _objects = new(StringComparer.Ordinal);

    public SlotCache Cache { get; } = new((int)(options.CacheBytes / VolumeGeometry.BlockBytes));

    public PageBudget Budget { get; } = new((int)(options.MapBytes / VolumeGeometry.BlockBytes));

    /// <summary>The objects of a volume, the same for all who read them.</summary>
    public VolumeObjects ObjectsOf(string volume) => _objects.GetOrAdd(volume, id => new VolumeObjects(blobs, id));

    public void Forget(string volume) => _objects.TryRemove(volume, out _);
}
