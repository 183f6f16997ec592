using System.Buffers;
using CloudLab.Storage.Blobs;
using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Objects;

namespace CloudLab.Storage.Volumes.Collection;

/// <summary>Memory in which a pack is put together. Disposing gives it back.</summary>
internal sealed class PackBuffer : IDisposable
{
    private readonly byte[] _bytes;
    private int _used;

    /// <param name="slots">What it will have, by place.</param>
    public PackBuffer(IReadOnlyList<(MapEntry Place, SlotKey Key)> slots)
    {
        _used = PackDirectory.Filled(slots.Count);
        _bytes = ArrayPool<byte>.Shared.Rent((_used + slots.Count) * VolumeGeometry.SlotBytes);
        _bytes.AsSpan(0, _used * VolumeGeometry.SlotBytes).Clear();
        PackDirectory.Write(_bytes, slots);
    }

    /// <summary>Adds the next slot as it is stored.</summary>
    /// <exception cref="InvalidDataException">It is damaged or missing: the pack must not be put.</exception>
    public async Task AddAsync(VolumeObjects objects, MapEntry place, SlotKey key, CancellationToken cancellationToken)
    {
        var slot = _bytes.AsMemory(_used * VolumeGeometry.SlotBytes, VolumeGeometry.SlotBytes);
        if (await objects.ReadAsync(place, 1, slot, cancellationToken) != 1 || !SlotTrailer.Verifies(slot.Span, key, place.Sequence))
            throw new InvalidDataException($"Slot {place.Slot} of {VolumeNames.Object(objects.Volume, place.Sequence)} is damaged.");
        _used++;
    }

    public async Task PutAsync(IBlobStore blobs, string name, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(_bytes, 0, _used * VolumeGeometry.SlotBytes, writable: false);
        var put = await blobs.PutAsync(name, content, BlobCondition.IfAbsent, cancellationToken);
        if (!put.IsOk)
            throw new IOException($"{name}: {put.Error}");
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);
}
