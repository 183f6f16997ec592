namespace CloudLab.Storage.Blobs.Objects;

/// <summary>An object to be stored.</summary>
public sealed record ObjectPut
{
    public required string Bucket { get; init; }

    /// <summary>1–1024 bytes of UTF-8; any characters.</summary>
    public required string Key { get; init; }

    public ObjectAttributes Attributes { get; init; } = new();

    public BodyExpectation Body { get; init; } = BodyExpectation.None;

    public WriteCondition Condition { get; init; } = WriteCondition.None;

    /// <summary>Limits of the bucket's owner.</summary>
    public StoreQuota Quota { get; init; } = StoreQuota.None;
}
