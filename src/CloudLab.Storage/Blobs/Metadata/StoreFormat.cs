namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>The version of a store's format as a whole, kept in its index.</summary>
/// <remarks>
/// Records carry versions of their own: a new version of a record is read beside the old one and written from then on, and
/// this number stays. It is raised only for what an older program would misread, by a step here that rewrites the store.
/// </remarks>
internal static class StoreFormat
{
    private const byte Current = 1;

    private static readonly byte[] Key = IndexKeys.Store("format");

    /// <summary>Marks a new store, and refuses one of a newer format.</summary>
    /// <exception cref="IOException">The format is unknown.</exception>
    public static void Check(IObjectIndex index)
    {
        if (index.Get(Key) is not { } record)
        {
            index.Write([new(Key, DocumentRecord.Encode([Current], Key))]);
            return;
        }

        try
        {
            if (!DocumentRecord.Decode(Key, record).SequenceEqual([Current]))
                throw new IOException("The object store has a newer format than this version of CloudLab knows.");
        }
        catch (InvalidDataException e)
        {
            throw new IOException($"The object store's format cannot be read: {e.Message}", e);
        }
    }
}
