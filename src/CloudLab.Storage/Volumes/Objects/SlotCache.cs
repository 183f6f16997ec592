using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Objects;

/// <summary>Blocks that were read from the blob store, those used last. What it holds never changes: a place is written once.</summary>
/// <param name="capacity">The bound, in blocks.</param>
internal sealed class SlotCache(int capacity)
{
    private readonly LruCache<(VolumeObjects Owner, ulong Place), byte[]> _blocks = new(capacity);

    public bool TryRead(VolumeObjects owner, MapEntry at, Span<byte> content)
    {
        if (_blocks.TryGet((owner, PlaceOf(at))) is not { } block)
            return false;
        block.CopyTo(content);
        return true;
    }

    public void Add(VolumeObjects owner, MapEntry at, ReadOnlySpan<byte> content)
    {
        if (capacity > 0)
            _blocks.Add((owner, PlaceOf(at)), content.ToArray());
    }

    /// <summary>The sequence and the slot, without the generation: clones share what they read.</summary>
    private static ulong PlaceOf(MapEntry at) => at.Bits << 12;
}
