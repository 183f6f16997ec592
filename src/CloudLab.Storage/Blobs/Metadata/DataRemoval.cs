namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>Takes data out of the index; whatever is outside it is collected after the commit.</summary>
internal static class DataRemoval
{
    /// <param name="collectFile">Called after the commit with a file that nothing refers to any more.</param>
    /// <param name="collectUpload">Called after the commit with an upload whose parts nothing refers to any more.</param>
    public static void Remove(
        IndexTransaction transaction, DataRef data, Action<ulong> collectFile, Action<ulong> collectUpload)
    {
        switch (data.Kind)
        {
            case DataKind.None:
                break;
            case DataKind.Inline:
                transaction.Delete(IndexKeys.Inline(data.Id));
                RemoveDamage(transaction, data);
                break;
            case DataKind.File:
                transaction.Delete(IndexKeys.File(data.Id));
                RemoveDamage(transaction, data);
                transaction.AfterCommit(() => collectFile(data.Id));
                break;
            case DataKind.Parts:
                // There may be ten thousand: they leave the index bit by bit, and this record sees to it that they do.
                var key = IndexKeys.Garbage(data.Id);
                transaction.Put(key, DocumentRecord.Encode([], key));
                transaction.AfterCommit(() => collectUpload(data.Id));
                break;
        }
    }

    private static void RemoveDamage(IndexTransaction transaction, DataRef data)
    {
        var key = IndexKeys.Damage(data.Kind, data.Id);
        if (transaction.Get(key) is not null)
            transaction.Delete(key);
    }
}
