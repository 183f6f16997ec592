namespace CloudLab.Server.S3.Auth;

/// <summary>What a request's signature says of its body.</summary>
internal enum PayloadKind
{
    /// <summary>Nothing: UNSIGNED-PAYLOAD, SigV2, anonymous.</summary>
    Unsigned,

    /// <summary>Its SHA-256, which is checked at the body's end.</summary>
    Hashed,

    /// <summary>STREAMING-AWS4-HMAC-SHA256-PAYLOAD: each chunk carries a signature.</summary>
    SignedChunks,

    /// <summary>STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER: so do the trailing headers.</summary>
    SignedChunksWithTrailer,

    /// <summary>STREAMING-UNSIGNED-PAYLOAD-TRAILER: chunks and trailing headers without signatures.</summary>
    UnsignedChunksWithTrailer,
}

/// <summary>How a request's body is framed and verified.</summary>
/// <param name="Kind">Which way.</param>
internal sealed record PayloadSigning(PayloadKind Kind)
{
    public static PayloadSigning Unsigned { get; } = new(PayloadKind.Unsigned);

    /// <summary>The SHA-256 that a hashed body must have, lower-case hexadecimal.</summary>
    public string? Sha256 { get; init; }

    /// <summary>What the signature of the first chunk continues; null unless chunks are signed.</summary>
    public ChunkSigner? Signer { get; init; }

    public bool IsChunked => Kind is PayloadKind.SignedChunks or PayloadKind.SignedChunksWithTrailer or PayloadKind.UnsignedChunksWithTrailer;
}
