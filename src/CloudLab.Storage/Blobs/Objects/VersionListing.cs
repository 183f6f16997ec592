namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Which versions and delete markers to list: by key, the newest of a key first.</summary>
public sealed record VersionListing
{
    public required string Bucket { get; init; }

    public string Prefix { get; init; } = "";

    /// <summary>As in <see cref="ObjectListing.Delimiter"/>.</summary>
    public string? Delimiter { get; init; }

    /// <summary>Only keys and common prefixes after this one; with <see cref="VersionIdMarker"/> the key's older versions as well.</summary>
    public string? KeyMarker { get; init; }

    /// <summary>Start after this version of <see cref="KeyMarker"/>.</summary>
    public string? VersionIdMarker { get; init; }

    /// <summary>How many versions and common prefixes together, 0–1000.</summary>
    public int MaxKeys { get; init; } = 1000;
}
