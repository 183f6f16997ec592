namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A part to be stored; a part of the same number is replaced.</summary>
public sealed record PartPut
{
    public required string Bucket { get; init; }

    public required string Key { get; init; }

    public required string UploadId { get; init; }

    /// <summary>1–10,000.</summary>
    public required int Number { get; init; }

    /// <summary>What must hold of the bytes; the upload's own algorithm is computed in any case.</summary>
    public BodyExpectation Body { get; init; } = BodyExpectation.None;

    /// <summary>Limits of the bucket's owner.</summary>
    public StoreQuota Quota { get; init; } = StoreQuota.None;
}
