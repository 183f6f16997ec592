using CloudLab.Storage.Blobs.Metadata;

namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Pages of parts.</summary>
internal static class PartLister
{
    public static PartPage List(IObjectIndex index, ulong upload, int afterNumber, int maxParts)
    {
        var parts = new List<ObjectPart>();
        if (afterNumber >= StoreNames.MaxPartNumber || maxParts <= 0)
            return new PartPage(parts, false);
        using var cursor = index.Walk(IndexKeys.Parts(upload));
        for (var has = cursor.Seek(IndexKeys.Part(upload, Math.Max(afterNumber, 0) + 1)); has; has = cursor.Next())
        {
            if (parts.Count == maxParts)
                return new PartPage(parts, true);
            parts.Add(PartRecord.Decode(cursor.Key, cursor.Value).ToPart(IndexKeys.NumberOfPart(cursor.Key)));
        }

        return new PartPage(parts, false);
    }
}
