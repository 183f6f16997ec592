using System.Buffers;
using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Objects;

/// <summary>Memory in which an object is put together: a header and its slots. Disposing gives it back.</summary>
internal sealed class ObjectBuffer : IDisposable
{
    private readonly byte[] _bytes;
    private readonly int _headerSlots;
    private readonly List<SlotKey> _keys = [];
    private readonly ulong _sequence;

    /// <param name="sequence">The object's.</param>
    /// <param name="trims">How many its header will name.</param>
    /// <param name="slots">How many it will have at most.</param>
    public ObjectBuffer(ulong sequence, int trims, int slots)
    {
        _sequence = sequence;
        _headerSlots = ObjectHeaderFormat.SlotsFilled(trims, slots);
        _bytes = ArrayPool<byte>.Shared.Rent((_headerSlots + slots) * VolumeGeometry.SlotBytes);
        _bytes.AsSpan(0, _headerSlots * VolumeGeometry.SlotBytes).Clear();
    }

    /// <summary>How many slots were added.</summary>
    public int Count => _keys.Count;

    /// <summary>Where the n-th slot will be.</summary>
    public MapEntry PlaceOf(int n) => new(0, _sequence, _headerSlots + n);

    /// <summary>The 4096 bytes of the slot that <see cref="Add"/> adds next.</summary>
    public Span<byte> NextContent => SlotAt(_keys.Count)[..VolumeGeometry.BlockBytes];

    /// <summary>Adds the slot whose bytes are in <see cref="NextContent"/> and have the checksum <paramref name="content"/>.</summary>
    public MapEntry Add(SlotKey key, uint content)
    {
        SlotTrailer.Write(SlotAt(_keys.Count)[VolumeGeometry.BlockBytes..], key, _sequence, content);
        _keys.Add(key);
        return PlaceOf(_keys.Count - 1);
    }

    /// <summary>The header with the slots that were added.</summary>
    public ObjectHeader Complete(ObjectHeader header) => header with { Slots = _keys, FirstSlot = _headerSlots };

    /// <summary>The object's bytes, with its header in front, which gets the slots that were added.</summary>
    public ReadOnlyMemory<byte> Finish(ObjectHeader header)
    {
        ObjectHeaderFormat.Write(_bytes, Complete(header));
        return _bytes.AsMemory(0, (_headerSlots + _keys.Count) * VolumeGeometry.SlotBytes);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);

    private Span<byte> SlotAt(int n) => _bytes.AsSpan((_headerSlots + n) * VolumeGeometry.SlotBytes, VolumeGeometry.SlotBytes);
}
