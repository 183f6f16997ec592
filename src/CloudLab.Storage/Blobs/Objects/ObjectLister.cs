using System.Text;
using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Lists current objects by seeking: what a delimiter rolls up is passed over, not read.</summary>
internal static class ObjectLister
{
    public static ObjectPage List(IObjectIndex index, ulong bucket, ObjectListing listing)
    {
        var grouping = new KeyGrouping(listing.Prefix, listing.Delimiter);
        var objects = new List<ObjectVersion>();
        var groups = new List<string>();
        if (listing.MaxKeys <= 0)
            return new ObjectPage(objects, groups, null);
        using var cursor = index.Walk(IndexKeys.Current(bucket, grouping.Prefix));
        string? last = null;
        for (var has = cursor.Seek(Start(bucket, grouping, listing.StartAfter)); has;)
        {
            // A common prefix is listed only if something in it is not deleted.
            if (CurrentRecord.IsDeleteMarker(cursor.Value))
            {
                has = cursor.Next();
                continue;
            }

            if (objects.Count + groups.Count == listing.MaxKeys)
                return new ObjectPage(objects, groups, last);
            var key = IndexKeys.KeyOfCurrent(cursor.Key);
            if (grouping.GroupOf(key) is { } group)
            {
                groups.Add(last = Encoding.UTF8.GetString(group));
                has = IndexKeys.After(IndexKeys.Current(bucket, group)) is { } after && cursor.Seek(after);
                continue;
            }

            last = Encoding.UTF8.GetString(key);
            objects.Add(Decode(cursor, last));
            has = cursor.Next();
        }

        return new ObjectPage(objects, groups, null);
    }

    private static byte[] Start(ulong bucket, KeyGrouping grouping, string? startAfter)
    {
        var first = IndexKeys.Current(bucket, grouping.Prefix);
        if (string.IsNullOrEmpty(startAfter))
            return first;
        var marker = StoreNames.Loose(startAfter);
        var after = grouping.GroupOfMarker(marker) is { } group
            ? IndexKeys.After(IndexKeys.Current(bucket, group))! : [.. IndexKeys.Current(bucket, marker), 0];
        return after.AsSpan().SequenceCompareTo(first) > 0 ? after : first;
    }

    /// <summary>A record that is damaged still has its key, and must not hide the others.</summary>
    private static ObjectVersion Decode(IIndexCursor cursor, string key)
    {
        try
        {
            return CurrentRecord.Decode(cursor.Key, cursor.Value).Version.ToVersion(key, isLatest: true);
        }
        catch (InvalidDataException)
        {
            return new ObjectVersion { Key = key, VersionId = ObjectVersion.NullVersionId, IsLatest = true };
        }
    }
}
