namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A deletion of one key or one version.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Key">The key.</param>
/// <param name="VersionId">The version to remove for good; null deletes as the bucket's versioning says.</param>
/// <param name="Condition">Checked against the current version, or against the version that is named.</param>
public sealed record ObjectDelete(string Bucket, string Key, string? VersionId = null, WriteCondition? Condition = null);
