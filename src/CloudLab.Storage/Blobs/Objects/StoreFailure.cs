namespace CloudLab.Storage.Blobs.Objects;

/// <summary>Why an operation ended without a result.</summary>
/// <param name="Error">Which of the expected ways.</param>
/// <param name="Detail">What the error's documentation says, or text for the log.</param>
/// <param name="VersionId">The delete marker's version id, where one is the reason.</param>
public sealed record StoreFailure(StoreError Error, string? Detail = null, string? VersionId = null);
