using System.Text;
using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Lists versions and delete markers: by key, the newest of a key first.</summary>
/// <remarks>One cursor walks the current versions and, for each key that has older ones, those: so all is of one moment.</remarks>
internal sealed class VersionLister
{
    private readonly ulong _bucket;
    private readonly VersionListing _listing;
    private readonly KeyGrouping _grouping;
    private readonly IIndexCursor _cursor;
    private readonly List<ObjectVersion> _versions = [];
    private readonly List<string> _groups = [];
    private string? _lastKey;
    private string? _lastVersion;

    private VersionLister(IIndexCursor cursor, ulong bucket, VersionListing listing)
    {
        _cursor = cursor;
        _bucket = bucket;
        _listing = listing;
        _grouping = new KeyGrouping(listing.Prefix, listing.Delimiter);
    }

    private bool IsFull => _versions.Count + _groups.Count == _listing.MaxKeys;

    public static VersionPage List(IObjectIndex index, ulong bucket, VersionListing listing)
    {
        if (listing.MaxKeys <= 0)
            return new VersionPage([], [], false, null, null);
        using var cursor = index.Walk([]);
        return new VersionLister(cursor, bucket, listing).List();
    }

    private VersionPage List()
    {
        var within = IndexKeys.Current(_bucket, _grouping.Prefix);
        for (var has = _cursor.Seek(Start(within)); has && _cursor.Key.StartsWith(within);)
        {
            var key = IndexKeys.KeyOfCurrent(_cursor.Key).ToArray();
            if (_grouping.GroupOf(key) is { } group)
            {
                if (IsFull)
                    return Truncated();
                (_lastKey, _lastVersion) = (Encoding.UTF8.GetString(group), null);
                _groups.Add(_lastKey);
                has = IndexKeys.After(IndexKeys.Current(_bucket, group)) is { } after && _cursor.Seek(after);
                continue;
            }

            var current = CurrentRecord.Decode(_cursor.Key, _cursor.Value);
            if (!TryAddVersions(key, current))
                return Truncated();
            has = current.OlderCount == 0 ? _cursor.Next() : _cursor.Seek([.. IndexKeys.Current(_bucket, key), 0]);
        }

        return new VersionPage(_versions, _groups, false, null, null);
    }

    /// <summary>False when the page is full before the last of them.</summary>
    private bool TryAddVersions(byte[] key, CurrentRecord current)
    {
        var name = Encoding.UTF8.GetString(key);
        var below = BelowSeq(name, current);
        if (current.Version.Seq < below)
        {
            if (IsFull)
                return false;
            Add(current.Version.ToVersion(name, isLatest: true));
        }

        if (current.OlderCount == 0)
            return true;
        var olders = IndexKeys.Olders(_bucket, key);
        for (var has = _cursor.Seek(olders); has && _cursor.Key.StartsWith(olders); has = _cursor.Next())
        {
            if (IndexKeys.SeqOfOlder(_cursor.Key) >= below)
                continue;
            if (IsFull)
                return false;
            Add(VersionRecord.Decode(_cursor.Key, _cursor.Value).ToVersion(name, isLatest: false));
        }

        return true;
    }

    private void Add(ObjectVersion version)
    {
        _versions.Add(version);
        (_lastKey, _lastVersion) = (version.Key, version.VersionId);
    }

    /// <summary>Which of the key's versions are after the marker: those with lower numbers.</summary>
    private ulong BelowSeq(string key, CurrentRecord current)
    {
        if (key != _listing.KeyMarker || string.IsNullOrEmpty(_listing.VersionIdMarker))
            return ulong.MaxValue;
        if (_listing.VersionIdMarker == ObjectVersion.NullVersionId)
            return current.Version.IsNull ? current.Version.Seq : current.NullSeq;
        return VersionRecord.TryParseId(_listing.VersionIdMarker, out var seq, out _) ? seq : 0;
    }

    private byte[] Start(byte[] first)
    {
        if (string.IsNullOrEmpty(_listing.KeyMarker))
            return first;
        var marker = StoreNames.Loose(_listing.KeyMarker);
        var start = _grouping.GroupOfMarker(marker) is { } group
            ? IndexKeys.After(IndexKeys.Current(_bucket, group))!
            : string.IsNullOrEmpty(_listing.VersionIdMarker)
                ? [.. IndexKeys.Current(_bucket, marker), 0]
                : IndexKeys.Current(_bucket, marker);
        return start.AsSpan().SequenceCompareTo(first) > 0 ? start : first;
    }

    private VersionPage Truncated() => new(_versions, _groups, true, _lastKey, _lastVersion);
}
