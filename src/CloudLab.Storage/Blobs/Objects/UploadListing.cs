namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Which unfinished uploads to list: by key, then by the time they were created.</summary>
public sealed record UploadListing
{
    public required string Bucket { get; init; }

    public string Prefix { get; init; } = "";

    /// <summary>As in <see cref="ObjectListing.Delimiter"/>.</summary>
    public string? Delimiter { get; init; }

    /// <summary>Only keys and common prefixes after this one; with <see cref="UploadIdMarker"/> the key's later uploads as well.</summary>
    public string? KeyMarker { get; init; }

    /// <summary>Start after this upload of <see cref="KeyMarker"/>.</summary>
    public string? UploadIdMarker { get; init; }

    /// <summary>How many uploads and common prefixes together, 0–1000.</summary>
    public int MaxUploads { get; init; } = 1000;
}
