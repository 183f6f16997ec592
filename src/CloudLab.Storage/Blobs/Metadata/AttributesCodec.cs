using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>The attributes and checksums of objects, as fields of their records.</summary>
internal static class AttributesCodec
{
    public static void Write(RecordWriter writer, ObjectAttributes attributes)
    {
        writer.Text(attributes.OwnerId).Text(attributes.StorageClass).Byte(attributes.Encrypt ? (byte)1 : (byte)0);
        WritePairs(writer, attributes.Headers);
        WritePairs(writer, attributes.Metadata);
        WritePairs(writer, attributes.Tags);
        writer.Number(attributes.Documents.Count);
        foreach (var (kind, document) in attributes.Documents)
            writer.Text(kind).Bytes(document);
    }

    public static ObjectAttributes Read(ref RecordReader reader)
    {
        var owner = reader.Text();
        var storageClass = reader.Text();
        var encrypt = reader.Byte() != 0;
        var headers = ReadPairs(ref reader);
        var metadata = ReadPairs(ref reader);
        var tags = ReadPairs(ref reader);
        var documents = new Dictionary<string, byte[]>();
        for (var left = reader.Count(); left > 0; left--)
            documents[reader.Text()] = reader.Bytes().ToArray();
        return new ObjectAttributes
        {
            OwnerId = owner,
            StorageClass = storageClass,
            Encrypt = encrypt,
            Headers = headers,
            Metadata = metadata,
            Tags = tags,
            Documents = documents,
        };
    }

    public static void WriteChecksums(RecordWriter writer, IReadOnlyList<ObjectChecksum> checksums)
    {
        writer.Number(checksums.Count);
        foreach (var checksum in checksums)
            writer.Byte((byte)checksum.Algorithm).Byte(checksum.IsComposite ? (byte)1 : (byte)0).Bytes(checksum.Value.Span);
    }

    public static IReadOnlyList<ObjectChecksum> ReadChecksums(ref RecordReader reader)
    {
        var count = reader.Count();
        if (count == 0)
            return [];
        var checksums = new ObjectChecksum[count];
        for (var i = 0; i < count; i++)
        {
            var algorithm = (ChecksumAlgorithm)reader.Byte();
            var isComposite = reader.Byte() != 0;
            checksums[i] = new ObjectChecksum(algorithm, reader.Bytes().ToArray(), isComposite);
        }

        return checksums;
    }

    private static void WritePairs(RecordWriter writer, IReadOnlyList<KeyValuePair<string, string>> pairs)
    {
        writer.Number(pairs.Count);
        foreach (var (name, value) in pairs)
            writer.Text(name).Text(value);
    }

    private static KeyValuePair<string, string>[] ReadPairs(ref RecordReader reader)
    {
        var count = reader.Count();
        if (count == 0)
            return [];
        var pairs = new KeyValuePair<string, string>[count];
        for (var i = 0; i < count; i++)
            pairs[i] = new(reader.Text(), reader.Text());
        return pairs;
    }
}
