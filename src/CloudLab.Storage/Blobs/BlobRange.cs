namespace CloudLab.Storage.Blobs;

/// <summary>A range of bytes of an object; one that reaches past its end is cut there.</summary>
/// <param name="Offset">The first byte, from 0.</param>
/// <param name="Length">How many bytes, at least 1.</param>
public readonly record struct BlobRange(long Offset, long Length);
