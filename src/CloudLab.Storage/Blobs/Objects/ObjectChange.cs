namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A change of a version's attributes that leaves its bytes, ETag and time as they are.</summary>
public sealed record ObjectChange
{
    /// <summary>The new tags; null leaves them, an empty list removes them.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Tags { get; init; }

    /// <summary>Documents by kind to set, or with null to remove.</summary>
    public IReadOnlyDictionary<string, byte[]?> Documents { get; init; } = new Dictionary<string, byte[]?>();
}
