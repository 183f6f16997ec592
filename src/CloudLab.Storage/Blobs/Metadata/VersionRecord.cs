using System.Buffers.Binary;
using System.Globalization;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>A version, or a delete marker, in the index.</summary>
internal sealed record VersionRecord
{
    private const byte FormatVersion = 1;
    private const int IdDigits = 32;

    /// <summary>Later versions of a key have higher ones.</summary>
    public required ulong Seq { get; init; }

    /// <summary>The random half of the version id; 0 for the null version.</summary>
    public ulong Tail { get; init; }

    public bool IsDeleteMarker { get; init; }

    public long Length { get; init; }

    public string ETag { get; init; } = "";

    public DateTimeOffset LastModified { get; init; }

    public ObjectAttributes Attributes { get; init; } = new();

    public IReadOnlyList<ObjectChecksum> Checksums { get; init; } = [];

    public int PartCount { get; init; }

    public DataRef Data { get; init; } = DataRef.None;

    public bool IsNull => Tail == 0;

    public string VersionId => IsNull ? ObjectVersion.NullVersionId : IdOf(Seq, Tail);

    /// <summary>The id of a version, or of an upload: 32 hexadecimal digits.</summary>
    public static string IdOf(ulong seq, ulong tail) => string.Create(CultureInfo.InvariantCulture, $"{seq:x16}{tail:x16}");

    public static bool TryParseId(string id, out ulong seq, out ulong tail)
    {
        seq = tail = 0;
        return id.Length == IdDigits
            && ulong.TryParse(id.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out seq)
            && ulong.TryParse(id.AsSpan(16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out tail)
            && tail != 0
            && IdOf(seq, tail) == id;
    }

    public ObjectVersion ToVersion(string key, bool isLatest) => new()
    {
        Key = key,
        VersionId = VersionId,
        IsLatest = isLatest,
        IsDeleteMarker = IsDeleteMarker,
        Length = Length,
        ETag = ETag,
        LastModified = LastModified,
        Attributes = Attributes,
        Checksums = Checksums,
        PartCount = PartCount,
    };

    public byte[] Encode(ReadOnlySpan<byte> key)
    {
        var writer = new RecordWriter(FormatVersion);
        Write(writer);
        return writer.Seal(key);
    }

    public static VersionRecord Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> record)
    {
        var reader = new RecordReader(key, record, FormatVersion);
        var version = Read(ref reader);
        reader.End();
        return version;
    }

    public void Write(RecordWriter writer)
    {
        writer.Byte(IsDeleteMarker ? (byte)1 : (byte)0)
            .UInt64(Seq)
            .UInt64(Tail)
            .Number(Length)
            .Text(ETag)
            .Time(LastModified)
            .Number(PartCount);
        Data.Write(writer);
        AttributesCodec.WriteChecksums(writer, Checksums);
        AttributesCodec.Write(writer, Attributes);
    }

    public static VersionRecord Read(ref RecordReader reader)
    {
        var isDeleteMarker = reader.Byte() != 0;
        return new VersionRecord
        {
            IsDeleteMarker = isDeleteMarker,
            Seq = reader.UInt64(),
            Tail = reader.UInt64(),
            Length = reader.Number(),
            ETag = reader.Text(),
            LastModified = reader.Time(),
            PartCount = (int)reader.Number(),
            Data = DataRef.Read(ref reader),
            Checksums = AttributesCodec.ReadChecksums(ref reader),
            Attributes = AttributesCodec.Read(ref reader),
        };
    }

    /// <summary>A random number other than 0.</summary>
    public static ulong NewTail()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        System.Security.Cryptography.RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes) | 1;
    }
}
