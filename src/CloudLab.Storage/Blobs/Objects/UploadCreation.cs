namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A multipart upload to be started.</summary>
public sealed record UploadCreation
{
    public required string Bucket { get; init; }

    public required string Key { get; init; }

    public string InitiatorId { get; init; } = "";

    public ObjectAttributes Attributes { get; init; } = new();

    public ChecksumAlgorithm? ChecksumAlgorithm { get; init; }

    /// <summary>CRCs can be of the full object (false) or composite; SHA-1 and SHA-256 are always composite.</summary>
    public bool IsCompositeChecksum { get; init; } = true;
}
