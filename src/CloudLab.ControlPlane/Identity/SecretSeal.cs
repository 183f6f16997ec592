using System.Security.Cryptography;
using System.Text;

namespace CloudLab.ControlPlane.Identity;

/// <summary>Encrypts small secrets for the database by AES-256-GCM, each bound to the row it is for.</summary>
/// <remarks>
/// The format, version 1:
/// <code>
///  0      1              9          21          37
///  +------+--------------+----------+-----------+-----------------+
///  | 0x01 | key id (8)   | nonce 12 | tag (16)  | ciphertext …    |
///  +------+--------------+----------+-----------+-----------------+
/// </code>
/// The version comes first so that it can be read whatever follows; the key id (a hash of the key) tells a wrong key from
/// damaged bytes. The associated data is the row's name, so that a sealed secret moved to another row does not open.
/// Random nonces of 96 bits are safe for 2^32 secrets under one key (NIST SP 800-38D, 8.3). Any thread.
/// </remarks>
internal sealed class SecretSeal
{
    private const byte Version = 1;
    private const int KeyIdBytes = 8, NonceBytes = 12, TagBytes = 16;
    private const int NonceOffset = 1 + KeyIdBytes, TagOffset = NonceOffset + NonceBytes, TextOffset = TagOffset + TagBytes;

    private readonly byte[] _key;
    private readonly byte[] _keyId;

    /// <param name="key">256 bits.</param>
    public SecretSeal(byte[] key)
    {
        _key = key;
        _keyId = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, KeyIdBytes, salt: [], "key id"u8.ToArray());
    }

    public byte[] Seal(string secret, string row)
    {
        byte[] text = Encoding.UTF8.GetBytes(secret);
        byte[] result = new byte[TextOffset + text.Length];
        result[0] = Version;
        _keyId.CopyTo(result, 1);
        Span<byte> nonce = result.AsSpan(NonceOffset, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_key, TagBytes);
        aes.Encrypt(nonce, text, result.AsSpan(TextOffset), result.AsSpan(TagOffset, TagBytes), Encoding.UTF8.GetBytes(row));
        return result;
    }

    /// <summary>Whether the bytes were sealed under this key, whatever has become of them.</summary>
    public bool IsOurs(ReadOnlySpan<byte> seal) =>
        seal.Length >= TextOffset && seal[0] == Version && seal.Slice(1, KeyIdBytes).SequenceEqual(_keyId);

    /// <exception cref="CryptographicException">They were sealed under another master key, for another row, or are damaged.</exception>
    public string Open(ReadOnlySpan<byte> seal, string row)
    {
        if (!IsOurs(seal)) throw new CryptographicException("a secret in the database was encrypted under another master key");
        byte[] text = new byte[seal.Length - TextOffset];
        using var aes = new AesGcm(_key, TagBytes);
        aes.Decrypt(
            seal.Slice(NonceOffset, NonceBytes), seal[TextOffset..], seal.Slice(TagOffset, TagBytes), text, Encoding.UTF8.GetBytes(row));
        return Encoding.UTF8.GetString(text);
    }
}
