namespace CloudLab.Storage.Blobs.Objects;

/// <summary>How a listing rolls keys up: by prefix and delimiter, in bytes.</summary>
internal sealed class KeyGrouping(string prefix, string? delimiter)
{
    private readonly byte[] _delimiter = StoreNames.Loose(delimiter ?? "");

    public byte[] Prefix { get; } = StoreNames.Loose(prefix);

    /// <summary>The common prefix that the key is rolled up into, or null. The key begins with the prefix.</summary>
    public byte[]? GroupOf(ReadOnlySpan<byte> key)
    {
        if (_delimiter.Length == 0)
            return null;
        var at = key[Prefix.Length..].IndexOf(_delimiter);
        return at < 0 ? null : key[..(Prefix.Length + at + _delimiter.Length)].ToArray();
    }

    /// <summary>
    /// The group that a marker is or lies in: it is not after the marker, so the listing goes on behind it.
    /// </summary>
    public byte[]? GroupOfMarker(ReadOnlySpan<byte> marker) => marker.StartsWith(Prefix) ? GroupOf(marker) : null;
}
