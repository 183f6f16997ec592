using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>An unfinished upload in the index.</summary>
internal sealed record UploadRecord
{
    private const byte FormatVersion = 1;

    public required ulong Seq { get; init; }

    /// <summary>The random half of the upload id.</summary>
    public required ulong Tail { get; init; }

    public required DateTimeOffset Initiated { get; init; }

    public required string InitiatorId { get; init; }

    public required ObjectAttributes Attributes { get; init; }

    public ChecksumAlgorithm? Algorithm { get; init; }

    public bool IsComposite { get; init; }

    public string UploadId => VersionRecord.IdOf(Seq, Tail);

    public MultipartUpload ToUpload(string bucket, string key) =>
        new(UploadId, bucket, key, Initiated, InitiatorId, Attributes, Algorithm, IsComposite);

    public byte[] Encode(ReadOnlySpan<byte> key)
    {
        var writer = new RecordWriter(FormatVersion)
            .UInt64(Seq)
            .UInt64(Tail)
            .Time(Initiated)
            .Text(InitiatorId)
            .Byte((byte)(Algorithm ?? 0))
            .Byte(IsComposite ? (byte)1 : (byte)0);
        AttributesCodec.Write(writer, Attributes);
        return writer.Seal(key);
    }

    public static UploadRecord Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> record)
    {
        var reader = new RecordReader(key, record, FormatVersion);
        var upload = new UploadRecord
        {
            Seq = reader.UInt64(),
            Tail = reader.UInt64(),
            Initiated = reader.Time(),
            InitiatorId = reader.Text(),
            Algorithm = reader.Byte() is var algorithm && algorithm != 0 ? (ChecksumAlgorithm)algorithm : null,
            IsComposite = reader.Byte() != 0,
            Attributes = AttributesCodec.Read(ref reader),
        };
        reader.End();
        return upload;
    }
}
