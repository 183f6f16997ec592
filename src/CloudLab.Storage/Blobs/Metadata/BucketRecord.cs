using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>A bucket in the index. Objects refer to its id, which is never used again.</summary>
internal sealed record BucketRecord(ulong Id, Bucket Bucket)
{
    private const byte Version = 1;

    public byte[] Encode(ReadOnlySpan<byte> key) => new RecordWriter(Version)
        .UInt64(Id)
        .Text(Bucket.OwnerId)
        .Time(Bucket.Created)
        .Text(Bucket.Region)
        .Byte((byte)Bucket.Versioning)
        .Seal(key);

    public static BucketRecord Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> record, string name)
    {
        var reader = new RecordReader(key, record, Version);
        var id = reader.UInt64();
        var owner = reader.Text();
        var created = reader.Time();
        var region = reader.Text();
        var versioning = (BucketVersioning)reader.Byte();
        if (versioning > BucketVersioning.Suspended)
            throw new InvalidDataException("A bucket's record has an unknown state of versioning.");
        reader.End();
        return new BucketRecord(id, new Bucket(name, owner, created, region, versioning));
    }
}
