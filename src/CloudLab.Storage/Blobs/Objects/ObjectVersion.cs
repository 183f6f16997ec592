namespace CloudLab.Storage.Blobs.Objects;

/// <summary>One version of an object, or a delete marker, without its bytes. A snapshot: it does not change.</summary>
public sealed record ObjectVersion
{
    /// <summary>The version id of what was written while versioning was not enabled.</summary>
    public const string NullVersionId = "null";

    public required string Key { get; init; }

    /// <summary><see cref="NullVersionId"/>, or 32 hexadecimal digits that no other version has.</summary>
    public required string VersionId { get; init; }

    /// <summary>Whether it was the key's current version when it was read.</summary>
    public bool IsLatest { get; init; }

    public bool IsDeleteMarker { get; init; }

    /// <summary>Bytes, as the client sent them; 0 for a delete marker.</summary>
    public long Length { get; init; }

    /// <summary>Without quotes: the MD5 in hexadecimal, for multipart objects the MD5 of the parts' MD5s and <c>-N</c>.</summary>
    public string ETag { get; init; } = "";

    /// <summary>When it was committed, UTC, in whole milliseconds.</summary>
    public DateTimeOffset LastModified { get; init; }

    public ObjectAttributes Attributes { get; init; } = new();

    public IReadOnlyList<ObjectChecksum> Checksums { get; init; } = [];

    /// <summary>How many parts it was completed from; 0 when it was put in one piece.</summary>
    public int PartCount { get; init; }
}
