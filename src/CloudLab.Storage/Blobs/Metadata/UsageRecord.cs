using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>Usage of a bucket or an owner in the index.</summary>
internal static class UsageRecord
{
    private const byte Version = 1;

    public static byte[] Encode(StoreUsage usage, ReadOnlySpan<byte> key) =>
        new RecordWriter(Version).Int64(usage.Bytes).Int64(usage.Objects).Int64(usage.Buckets).Seal(key);

    /// <summary>Nothing is used where there is no record.</summary>
    public static StoreUsage Decode(ReadOnlySpan<byte> key, byte[]? record)
    {
        if (record is null)
            return new StoreUsage(0, 0, 0);
        var reader = new RecordReader(key, record, Version);
        var usage = new StoreUsage(reader.Int64(), reader.Int64(), reader.Int64());
        reader.End();
        return usage;
    }
}
