namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A part that a client names when it completes an upload.</summary>
/// <param name="Number">The part's number.</param>
/// <param name="ETag">Its ETag without quotes.</param>
/// <param name="Checksums">Checksums that the client declares for it; each must be the stored one.</param>
public sealed record CompletedPart(int Number, string ETag, IReadOnlyList<ObjectChecksum>? Checksums = null);
