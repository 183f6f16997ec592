using System.Text;
using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Lists unfinished uploads: by key, then by their creation.</summary>
internal static class UploadLister
{
    public static UploadPage List(IObjectIndex index, ulong bucket, UploadListing listing)
    {
        var grouping = new KeyGrouping(listing.Prefix, listing.Delimiter);
        var uploads = new List<MultipartUpload>();
        var groups = new List<string>();
        if (listing.MaxUploads <= 0)
            return new UploadPage(uploads, groups, false, null, null);
        using var cursor = index.Walk(IndexKeys.UploadsFrom(bucket, grouping.Prefix));
        string? lastKey = null, lastUpload = null;
        for (var has = cursor.Seek(Start(bucket, grouping, listing)); has;)
        {
            if (uploads.Count + groups.Count == listing.MaxUploads)
                return new UploadPage(uploads, groups, true, lastKey, lastUpload);
            var key = IndexKeys.KeyOfUpload(cursor.Key);
            if (grouping.GroupOf(key) is { } group)
            {
                (lastKey, lastUpload) = (Encoding.UTF8.GetString(group), null);
                groups.Add(lastKey);
                has = IndexKeys.After(IndexKeys.UploadsFrom(bucket, group)) is { } after && cursor.Seek(after);
                continue;
            }

            var upload = UploadRecord.Decode(cursor.Key, cursor.Value).ToUpload(listing.Bucket, Encoding.UTF8.GetString(key));
            uploads.Add(upload);
            (lastKey, lastUpload) = (upload.Key, upload.UploadId);
            has = cursor.Next();
        }

        return new UploadPage(uploads, groups, false, null, null);
    }

    private static byte[] Start(ulong bucket, KeyGrouping grouping, UploadListing listing)
    {
        var first = IndexKeys.UploadsFrom(bucket, grouping.Prefix);
        if (string.IsNullOrEmpty(listing.KeyMarker))
            return first;
        var marker = StoreNames.Loose(listing.KeyMarker);
        byte[] start;
        if (grouping.GroupOfMarker(marker) is { } group)
            start = IndexKeys.After(IndexKeys.UploadsFrom(bucket, group))!;
        else if (listing.UploadIdMarker is { } id && VersionRecord.TryParseId(id, out var seq, out _))
            start = [.. IndexKeys.Upload(bucket, marker, seq), 0];
        else
            start = IndexKeys.After(IndexKeys.UploadsOf(bucket, marker))!;
        return start.AsSpan().SequenceCompareTo(first) > 0 ? start : first;
    }
}
