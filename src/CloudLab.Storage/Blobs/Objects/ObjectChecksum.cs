namespace CloudLab.Storage.Blobs.Objects;

/// <summary>A checksum of an object or a part as S3 shows it.</summary>
/// <param name="Algorithm">Which.</param>
/// <param name="Value">The raw value, big-endian for CRCs; its base64 is what S3 shows (followed by <c>-N</c> when composite).</param>
/// <param name="IsComposite">Whether it is the checksum of the parts' checksums rather than of the bytes.</param>
public sealed record ObjectChecksum(ChecksumAlgorithm Algorithm, ReadOnlyMemory<byte> Value, bool IsComposite = false);
