using System.Security.Cryptography;
using System.Text;

namespace CloudLab.Server.S3.Auth;

/// <summary>The chain of chunk signatures of one body: each signs its chunk's hash and the signature before it.</summary>
/// <remarks>Amazon S3 API Reference, "Transferring Payload in Multiple Chunks" and "Including Trailing Headers".</remarks>
internal sealed class ChunkSigner(byte[] signingKey, string time, SigV4Scope scope, string seedSignature)
{
    private const string EmptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private string _previous = seedSignature;

    /// <summary>Whether the next chunk's signature is right. After false the chain is broken.</summary>
    /// <param name="chunkHash">The SHA-256 of the chunk's bytes.</param>
    /// <param name="claimed">The signature that came with it.</param>
    public bool VerifyChunk(ReadOnlySpan<byte> chunkHash, string claimed) =>
        Verify($"AWS4-HMAC-SHA256-PAYLOAD\n{time}\n{scope}\n{_previous}\n{EmptySha256}\n{Convert.ToHexStringLower(chunkHash)}", claimed);

    /// <summary>Whether the trailing headers' signature is right.</summary>
    /// <param name="trailerHash">The SHA-256 of the lines <c>name:value\n</c>.</param>
    /// <param name="claimed">The value of <c>x-amz-trailer-signature</c>.</param>
    public bool VerifyTrailer(ReadOnlySpan<byte> trailerHash, string claimed) =>
        Verify($"AWS4-HMAC-SHA256-TRAILER\n{time}\n{scope}\n{_previous}\n{Convert.ToHexStringLower(trailerHash)}", claimed);

    private bool Verify(string stringToSign, string claimed)
    {
        _previous = Convert.ToHexStringLower(HMACSHA256.HashData(signingKey, Encoding.UTF8.GetBytes(stringToSign)));
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(_previous), Encoding.UTF8.GetBytes(claimed));
    }
}
