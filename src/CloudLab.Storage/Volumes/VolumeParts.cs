using CloudLab.Storage.Blobs;
using CloudLab.Storage.Volumes.Drain;
using CloudLab.Storage.Volumes.Log;
using CloudLab.Storage.Volumes.Map;
using CloudLab.Storage.Volumes.Objects;

namespace CloudLab.Storage.Volumes;

/// <summary>What an open volume is made of; put together by <see cref="VolumeOpener"/>.</summary>
internal sealed class VolumeParts : IDisposable
{
    public required string Id { get; init; }

    /// <summary>The size in bytes, the log's records included.</summary>
    public required ulong Size { get; init; }

    public required int SectorSize { get; init; }

    public required VolumeDurability Durability { get; init; }

    public required VolumeStoreOptions Options { get; init; }

    public required TimeProvider Time { get; init; }

    public required IBlobStore Blobs { get; init; }

    public required LocalLog Log { get; init; }

    public required BlockMap Map { get; init; }

    public required SlotReader Slots { get; init; }

    public required ObjectWriter Writer { get; init; }

    public required Drainer Drainer { get; init; }

    /// <summary>Whether the log has nothing that anyone needs.</summary>
    public bool RemoveLog { get; set; }

    /// <summary>Called when the volume takes no more writes.</summary>
    public required Action<string, Exception> Failed { get; init; }

    /// <summary>Called at the end.</summary>
    public required Action<VolumeParts> Closed { get; init; }

    public void Dispose()
    {
        Log.Dispose();
        Map.Dispose();
        Closed(this);
    }
}
