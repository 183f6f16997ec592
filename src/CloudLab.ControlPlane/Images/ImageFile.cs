namespace CloudLab.ControlPlane.Images;

/// <summary>A part of an image in the blob store.</summary>
/// <param name="Blob">The object's name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its SHA-256 in lower-case hexadecimal.</param>
public sealed record ImageFile(string Blob, long Bytes, string Sha256);
