using System.Numerics;

namespace CloudLab.Machine.Memory;

/// <summary>A set of pages of RAM, by their index from its start: one bit each. Does not change.</summary>
public sealed class PageSet
{
    private readonly ulong[] _words;

    internal PageSet(ulong[] words)
    {
        _words = words;
        foreach (ulong word in words) Count += BitOperations.PopCount(word);
    }

    /// <summary>How many pages are in it.</summary>
    public int Count { get; }

    /// <summary>The bits: page n is bit n % 64 of word n / 64.</summary>
    public ReadOnlySpan<ulong> Words => _words;

    public bool Contains(int page) => (_words[page / 64] >> page % 64 & 1) != 0;
}
