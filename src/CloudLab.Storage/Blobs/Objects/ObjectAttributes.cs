namespace CloudLab.Storage.Blobs.Objects;

/// <summary>What an object carries besides its bytes; opaque to the store, kept in the given order. At most 64 KiB together.</summary>
public sealed record ObjectAttributes
{
    /// <summary>The account that wrote it.</summary>
    public string OwnerId { get; init; } = "";

    /// <summary>Content headers (Content-Type, Cache-Control, …).</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>User metadata without the <c>x-amz-meta-</c> prefix.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Tags { get; init; } = [];

    public string StorageClass { get; init; } = "STANDARD";

    /// <summary>Documents by kind (an ACL; later retention and legal hold).</summary>
    public IReadOnlyDictionary<string, byte[]> Documents { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>Whether the bytes are encrypted at rest (SSE-S3).</summary>
    public bool Encrypt { get; init; }
}
