namespace CloudLab.Storage.Blobs.Objects;

/// <summary>What must hold of a body for it to be stored; what is not given is not checked.</summary>
public sealed record BodyExpectation
{
    /// <summary>Nothing is expected.</summary>
    public static BodyExpectation None { get; } = new();

    /// <summary>Bytes of the body, decoded; a body of any other length ends in <see cref="StoreError.IncompleteBody"/>.</summary>
    public long? Length { get; init; }

    /// <summary>More bytes than this end in <see cref="StoreError.TooLarge"/>.</summary>
    public long MaxLength { get; init; } = long.MaxValue;

    /// <summary>The body's MD5 (16 bytes), else <see cref="StoreError.BadDigest"/>.</summary>
    public ReadOnlyMemory<byte>? Md5 { get; init; }

    /// <summary>Checksums to compute and to keep with the object, in one pass with the rest.</summary>
    public IReadOnlyList<ChecksumAlgorithm> Checksums { get; init; } = [];

    /// <summary>
    /// The declared values, asked for once after the last byte was read (trailers are known by then); each algorithm must be among
    /// <see cref="Checksums"/>. A difference ends in <see cref="StoreError.BadChecksum"/>.
    /// </summary>
    public Func<IReadOnlyList<ObjectChecksum>>? Declared { get; init; }
}
