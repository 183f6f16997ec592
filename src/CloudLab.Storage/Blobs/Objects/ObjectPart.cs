namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A part of an unfinished upload, or of a completed multipart object.</summary>
/// <param name="Number">1–10,000, as it was uploaded; a completed object's numbers may have gaps.</param>
/// <param name="Length">Bytes.</param>
/// <param name="ETag">The part's MD5 in hexadecimal, without quotes.</param>
/// <param name="LastModified">When it was committed, UTC.</param>
/// <param name="Checksums">What was asked for when it was uploaded.</param>
/// <param name="Offset">Where it starts in the completed object; 0 in an unfinished upload.</param>
public sealed record ObjectPart(
    int Number, long Length, string ETag, DateTimeOffset LastModified, IReadOnlyList<ObjectChecksum> Checksums, long Offset);
