using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Objects;

/// <summary>Blocks that were read from the blob store, those used last. What it holds never changes: a place is written once.</summary>
/// <param name="capacity">The bound, in blocks.</param>
internal sealed class SlotCache(int capacity)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(VolumeObjects Owner, ulong Place), LinkedListNode<Cached>> _blocks = [];
    private readonly LinkedList<Cached> _byUse = new();

    public bool TryRead(VolumeObjects owner, MapEntry at, Span<byte> content)
    {
        lock (_gate)
        {
            if (!_blocks.TryGetValue((owner, PlaceOf(at)), out var node))
                return false;
            if (node != _byUse.First)
            {
                _byUse.Remove(node);
                _byUse.AddFirst(node);
            }

            node.Value.Content.CopyTo(content);
            return true;
        }
    }

    public void Add(VolumeObjects owner, MapEntry at, ReadOnlySpan<byte> content)
    {
        if (capacity == 0)
            return;
        lock (_gate)
        {
            var key = (owner, PlaceOf(at));
            if (_blocks.ContainsKey(key))
                return;
            byte[] block;
            if (_blocks.Count >= capacity)
            {
                // The block that goes gives its bytes to the one that comes.
                var last = _byUse.Last!;
                _byUse.RemoveLast();
                _blocks.Remove(last.Value.Key);
                block = last.Value.Content;
            }
            else
            {
                block = GC.AllocateUninitializedArray<byte>(VolumeGeometry.BlockBytes);
            }

            content.CopyTo(block);
            _blocks.Add(key, _byUse.AddFirst(new Cached(key, block)));
        }
    }

    /// <summary>The sequence and the slot, without the generation: clones share what they read.</summary>
    private static ulong PlaceOf(MapEntry at) => at.Bits << 12;

    private sealed record Cached((VolumeObjects Owner, ulong Place) Key, byte[] Content);
}
