namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A completion of a multipart upload. Repeated with the same parts after it succeeded, it succeeds again while the object is there.</summary>
public sealed record UploadCompletion
{
    public required string Bucket { get; init; }

    public required string Key { get; init; }

    public required string UploadId { get; init; }

    /// <summary>The object's parts, ascending by number, at least one.</summary>
    public required IReadOnlyList<CompletedPart> Parts { get; init; }

    /// <summary>Bytes that every part but the last must have.</summary>
    public long MinPartLength { get; init; } = 5L << 20;

    /// <summary>The whole object's checksum if the client declares it, else null.</summary>
    public ObjectChecksum? Declared { get; init; }

    /// <summary>The whole object's length if the client declares it, else null.</summary>
    public long? DeclaredLength { get; init; }

    public WriteCondition Condition { get; init; } = WriteCondition.None;
}
