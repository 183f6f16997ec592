namespace CloudLab.Storage.Volumes.Objects;

/// <summary>Values that were used last, a bounded number. May be called from any thread.</summary>
/// <param name="capacity">How many at most.</param>
internal sealed class LruCache<TKey, TValue>(int capacity)
    where TKey : notnull
    where TValue : class
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _nodes = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _byUse = new();

    public TValue? TryGet(TKey key)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(key, out var node))
                return null;
            if (node != _byUse.First)
            {
                _byUse.Remove(node);
                _byUse.AddFirst(node);
            }

            return node.Value.Value;
        }
    }

    /// <summary>Keeps a value, in place of the one that was not used for longest; one that is there stays.</summary>
    public void Add(TKey key, TValue value)
    {
        lock (_gate)
        {
            if (capacity == 0 || _nodes.ContainsKey(key))
                return;
            if (_nodes.Count >= capacity)
            {
                _nodes.Remove(_byUse.Last!.Value.Key);
                _byUse.RemoveLast();
            }

            _nodes.Add(key, _byUse.AddFirst((key, value)));
        }
    }
}
