using System.Security.Cryptography;
using System.Text;
using CloudLab.Storage.Files;

namespace CloudLab.ControlPlane.Identity;

/// <summary>The key under which secrets rest: 256 random bits in a file of the data directory. Hosts that share a database share it.</summary>
/// <remarks>
/// The file has 64 hexadecimal digits and a line feed. It never encrypts by itself: each purpose has a key of its own,
/// derived by HKDF-SHA-256 (RFC 5869), so that what one purpose seals means nothing to another. Any thread.
/// </remarks>
public sealed class MasterKey
{
    private const int KeyBytes = 32;

    private readonly byte[] _key;

    private MasterKey(byte[] key) => _key = key;

    /// <summary>Reads the key, or makes one where the file is not there: durable before this returns, for its owner only.</summary>
    /// <exception cref="InvalidDataException">The file does not hold a key.</exception>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be read or written.</exception>
    public static MasterKey LoadOrCreate(string file)
    {
        if (!File.Exists(file))
        {
            string text = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(KeyBytes)) + "\n";
            // Whoever was quicker made the key that counts.
            SecretFile.TryCreate(file, Encoding.ASCII.GetBytes(text));
        }

        string digits = File.ReadAllText(file).Trim();
        if (digits.Length != 2 * KeyBytes || !digits.All(char.IsAsciiHexDigit))
            throw new InvalidDataException($"{file} does not hold a master key of {2 * KeyBytes} hexadecimal digits");
        return new MasterKey(Convert.FromHexString(digits));
    }

    /// <summary>256 bits for one purpose, the same each time.</summary>
    /// <param name="purpose">What they are for, e.g. <c>access-keys</c>; never a secret.</param>
    public byte[] Derive(string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, KeyBytes, salt: [], Encoding.UTF8.GetBytes("CloudLab " + purpose));
}
