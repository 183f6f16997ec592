using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>A part in the index, of an unfinished upload or of the object that it became.</summary>
internal sealed record PartRecord
{
    private const byte FormatVersion = 1;

    public required long Length { get; init; }

    /// <summary>Where it starts in the object; 0 in an unfinished upload.</summary>
    public long Offset { get; init; }

    public required string ETag { get; init; }

    public required DateTimeOffset LastModified { get; init; }

    public required DataRef Data { get; init; }

    public IReadOnlyList<ObjectChecksum> Checksums { get; init; } = [];

    public ObjectPart ToPart(int number) => new(number, Length, ETag, LastModified, Checksums, Offset);

    public byte[] Encode(ReadOnlySpan<byte> key)
    {
        var writer = new RecordWriter(FormatVersion).Number(Length).Number(Offset).Text(ETag).Time(LastModified);
        Data.Write(writer);
        AttributesCodec.WriteChecksums(writer, Checksums);
        return writer.Seal(key);
    }

    public static PartRecord Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> record)
    {
        var reader = new RecordReader(key, record, FormatVersion);
        var part = new PartRecord
        {
            Length = reader.Number(),
            Offset = reader.Number(),
            ETag = reader.Text(),
            LastModified = reader.Time(),
            Data = DataRef.Read(ref reader),
            Checksums = AttributesCodec.ReadChecksums(ref reader),
        };
        reader.End();
        return part;
    }
}
