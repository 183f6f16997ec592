using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>Encrypts the chunks of one object or part: AES-256-GCM under a random key of its own.</summary>
/// <remarks>
/// A key encrypts one content, once, and then never again, so the chunk's index is a nonce that does not repeat:
/// four zero bytes and the index, big-endian. That a chunk is not moved or cut off is what the nonce, the length in the index
/// and the tag see to. At most 2^32 chunks of 2^16 bytes stay far below GCM's limits (NIST SP 800-38D).
/// </remarks>
internal sealed class ChunkCipher(byte[] key) : IDisposable
{
    public const int KeyBytes = 32;
    public const int TagBytes = 16;
    private const int NonceBytes = 12;

    private readonly AesGcm _aes = new(key, TagBytes);

    /// <summary>Writes the encrypted chunk and its tag, which take <see cref="TagBytes"/> more.</summary>
    public void Encrypt(long index, ReadOnlySpan<byte> plain, Span<byte> stored)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        Nonce(index, nonce);
        _aes.Encrypt(nonce, plain, stored[..plain.Length], stored.Slice(plain.Length, TagBytes));
    }

    /// <summary>False if the chunk is not what was encrypted.</summary>
    public bool TryDecrypt(long index, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        Nonce(index, nonce);
        var length = stored.Length - TagBytes;
        try
        {
            _aes.Decrypt(nonce, stored[..length], stored[length..], plain[..length]);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose() => _aes.Dispose();

    private static void Nonce(long index, Span<byte> nonce)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce[4..], index);
    }
}
