namespace CloudLab.Storage.Blobs.Metadata;

/// <summary>Refers to the bytes of a version or a part.</summary>
/// <param name="Kind">Where they are.</param>
/// <param name="Id">Which; 0 for <see cref="DataKind.None"/>.</param>
/// <param name="Key">The wrapped key they are encrypted with; empty when they are not. Parts have their own.</param>
internal sealed record DataRef(DataKind Kind, ulong Id, byte[] Key)
{
    public static DataRef None { get; } = new(DataKind.None, 0, []);

    public void Write(RecordWriter writer)
    {
        writer.Byte((byte)Kind);
        if (Kind != DataKind.None)
            writer.UInt64(Id).Bytes(Key);
    }

    public static DataRef Read(ref RecordReader reader)
    {
        var kind = reader.Byte();
        return kind switch
        {
            (byte)DataKind.None => None,
            <= (byte)DataKind.Parts => new DataRef((DataKind)kind, reader.UInt64(), reader.Bytes().ToArray()),
            _ => throw new InvalidDataException("A record of the object index refers to an unknown kind of data."),
        };
    }
}
