namespace CloudLab.ControlPlane.Images;

/// <summary>What the client says of an upload; each is verified where it is given.</summary>
/// <param name="Length">Its size in bytes.</param>
/// <param name="Md5">The 16 bytes of its MD5.</param>
/// <param name="Sha256">The 32 bytes of its SHA-256.</param>
public sealed record UploadChecks(long? Length = null, byte[]? Md5 = null, byte[]? Sha256 = null);
