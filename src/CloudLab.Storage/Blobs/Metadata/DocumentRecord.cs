namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>Opaque bytes in the index: a bucket's configuration, a value of the store, the content of a small object.</summary>
internal static class DocumentRecord
{
    private const byte Version = 1;

    public static byte[] Encode(ReadOnlySpan<byte> document, ReadOnlySpan<byte> key) =>
        new RecordWriter(Version).Bytes(document).Seal(key);

    public static ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> record)
    {
        var reader = new RecordReader(key, record, Version);
        var document = reader.Bytes();
        reader.End();
        return document;
    }
}
