namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>Data that was found damaged, and what referred to it.</summary>
internal sealed record DamageRecord(
    string Bucket, string Key, string? VersionId, DateTimeOffset Found, string Reason, bool IsQuarantined)
{
    private const byte FormatVersion = 1;

    public byte[] Encode(ReadOnlySpan<byte> key) => new RecordWriter(FormatVersion)
        .Text(Bucket).Text(Key).Text(VersionId ?? "").Time(Found).Text(Reason).Byte(IsQuarantined ? (byte)1 : (byte)0).Seal(key);

    public static DamageRecord Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> record)
    {
        var reader = new RecordReader(key, record, FormatVersion);
        var damage = new DamageRecord(
            reader.Text(),
            reader.Text(),
            reader.Text() is { Length: > 0 } version ? version : null,
            reader.Time(),
            reader.Text(),
            reader.Byte() != 0);
        reader.End();
        return damage;
    }
}
