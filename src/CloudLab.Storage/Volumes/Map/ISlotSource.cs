using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Map;

/// <summary>Where the map's pages are read from.</summary>
internal interface ISlotSource
{
    /// <summary>Reads and verifies the 4096 bytes of a slot.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    /// <exception cref="InvalidDataException">The slot is damaged, missing or another.</exception>
    Task ReadAsync(SlotKey key, MapEntry at, Memory<byte> content, CancellationToken cancellationToken);
}
