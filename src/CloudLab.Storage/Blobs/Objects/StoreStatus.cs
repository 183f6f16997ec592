namespace CloudLab.Storage.Blobs.Objects;

/// <summary>How the store is.</summary>
/// <param name="ReadOnlyReason">Why writes are refused, or null while they are not.</param>
/// <param name="ScrubbedBytes">Bytes that the scrub has verified since the store was opened.</param>
/// <param name="ScrubbedObjects">Objects and parts that it has verified.</param>
/// <param name="ScrubPasses">How often it came to the end.</param>
/// <param name="DamagedObjects">How many damaged objects are known.</param>
/// <param name="Commits">Transactions committed since the store was opened.</param>
/// <param name="Syncs">Syncs of the index that they shared.</param>
/// <param name="FilesCollected">Files removed that nothing referred to.</param>
public sealed record StoreStatus(
    string? ReadOnlyReason,
    long ScrubbedBytes,
    long ScrubbedObjects,
    long ScrubPasses,
    long DamagedObjects,
    long Commits,
    long Syncs,
    long FilesCollected);
