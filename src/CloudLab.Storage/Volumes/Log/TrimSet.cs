using CloudLab.Storage.Volumes.Formats;

namespace CloudLab.Storage.Volumes.Log;

/// <summary>Blocks that were trimmed, each with the position of the record that did it last. Not for several threads.</summary>
internal sealed class TrimSet
{
    /// <summary>By first block; they do not overlap.</summary>
    private readonly List<Piece> _pieces = [];

    public int Count => _pieces.Count;

    public bool Contains(ulong block)
    {
        var at = IndexFrom(block);
        return at < _pieces.Count && _pieces[at].Range.First <= block;
    }

    /// <summary>Adds a range, in place of what was known of it.</summary>
    public void Add(BlockRange range, ulong position)
    {
        Remove(range);
        _pieces.Insert(IndexFrom(range.First), new(range, position));
    }

    /// <summary>Forgets what records before <paramref name="position"/> did.</summary>
    public void RemoveBefore(ulong position) => _pieces.RemoveAll(piece => piece.Position < position);

    /// <summary>The ranges in order.</summary>
    public IEnumerable<BlockRange> Ranges()
    {
        foreach (var piece in _pieces)
            yield return piece.Range;
    }

    private void Remove(BlockRange range)
    {
        var at = IndexFrom(range.First);
        while (at < _pieces.Count && _pieces[at].Range.First < range.End)
        {
            var (old, position) = _pieces[at];
            _pieces.RemoveAt(at);
            if (old.First < range.First)
                _pieces.Insert(at++, new(new(old.First, range.First - old.First), position));
            if (old.End > range.End)
                _pieces.Insert(at++, new(new(range.End, old.End - range.End), position));
        }
    }

    /// <summary>The first piece that ends behind the block.</summary>
    private int IndexFrom(ulong block)
    {
        int low = 0, high = _pieces.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_pieces[middle].Range.End > block)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    private readonly record struct Piece(BlockRange Range, ulong Position);
}
