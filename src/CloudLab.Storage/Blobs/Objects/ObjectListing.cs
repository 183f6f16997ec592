namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Which current objects to list. Keys and prefixes compare by their UTF-8 bytes.</summary>
public sealed record ObjectListing
{
    public required string Bucket { get; init; }

    public string Prefix { get; init; } = "";

    /// <summary>
    /// Keys that have it after the prefix are rolled up into one common prefix (up to and with its first occurrence). Null or empty: none.
    /// </summary>
    public string? Delimiter { get; init; }

    /// <summary>Only keys and common prefixes after this, exclusive: a marker, a start-after or <see cref="ObjectPage.Next"/>.</summary>
    public string? StartAfter { get; init; }

    /// <summary>How many keys and common prefixes together, 0–1000.</summary>
    public int MaxKeys { get; init; } = 1000;
}
