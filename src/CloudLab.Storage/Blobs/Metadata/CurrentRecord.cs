namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>A key's current version in the index, and what is known of the older ones.</summary>
/// <param name="OlderCount">How many older versions there are.</param>
/// <param name="NullSeq">Which of them is the null version; 0 when none is.</param>
/// <param name="Version">The current version or delete marker.</param>
internal sealed record CurrentRecord(long OlderCount, ulong NullSeq, VersionRecord Version)
{
    private const byte FormatVersion = 1;

    public byte[] Encode(ReadOnlySpan<byte> key)
    {
        var writer = new RecordWriter(FormatVersion);
        // First, so that a listing can pass over a delete marker without decoding it.
        writer.Byte(Version.IsDeleteMarker ? (byte)1 : (byte)0).Number(OlderCount).UInt64(NullSeq);
        Version.Write(writer);
        return writer.Seal(key);
    }

    public static bool IsDeleteMarker(ReadOnlySpan<byte> record) => record.Length > 1 && record[1] == 1;

    public static CurrentRecord Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> record)
    {
        var reader = new RecordReader(key, record, FormatVersion);
        reader.Byte();
        var current = new CurrentRecord(reader.Number(), reader.UInt64(), VersionRecord.Read(ref reader));
        reader.End();
        return current;
    }
}
