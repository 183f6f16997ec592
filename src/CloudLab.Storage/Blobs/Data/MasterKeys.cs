using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>The keys that wrap the objects' keys: files of the directory <c>keys</c>, named by their number, their owner's only.</summary>
/// <remarks>
/// <code>
/// key file      0   4  magic: 'C' 'L' 'K' 1
///               4   4  number, from 1
///               8  32  the key
///              40   4  CRC-32C of the 40 bytes before
/// wrapped key   0   4  number of the master key
///               4  12  nonce, random
///              16  32  the object's key, AES-256-GCM
///              48  16  tag
/// </code>
/// The highest number wraps new keys, the others go on unwrapping theirs: a new file is all that a rotation takes. Random nonces
/// allow 2^32 wraps under a key (NIST SP 800-38D, 8.3). The first is made when it is first needed. Whoever loses this directory
/// loses every encrypted object.
/// </remarks>
internal sealed class MasterKeys
{
    public const int WrappedBytes = 64;
    private const int FileBytes = 44;
    private const int NonceBytes = 12;

    private readonly IFileLayer _files;
    private readonly string _directory;
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, byte[]> _keys = [];

    public MasterKeys(IFileLayer files, string directory)
    {
        _files = files;
        _directory = directory;
        files.CreateDirectory(directory);
        foreach (var name in files.List(directory))
        {
            if (uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && TryRead(name, number) is { } key)
                _keys.Add(number, key);
        }
    }

    private static ReadOnlySpan<byte> Magic => [(byte)'C', (byte)'L', (byte)'K', 1];

    /// <summary>A new random key for one content, and its wrapped form.</summary>
    /// <exception cref="IOException">The first master key could not be made.</exception>
    public (byte[] Key, byte[] Wrapped) NewKey()
    {
        var key = RandomNumberGenerator.GetBytes(ChunkCipher.KeyBytes);
        var wrapped = new byte[WrappedBytes];
        var (number, master) = Current();
        BinaryPrimitives.WriteUInt32LittleEndian(wrapped, number);
        RandomNumberGenerator.Fill(wrapped.AsSpan(4, NonceBytes));
        using var aes = new AesGcm(master, ChunkCipher.TagBytes);
        aes.Encrypt(wrapped.AsSpan(4, NonceBytes), key, wrapped.AsSpan(16, ChunkCipher.KeyBytes), wrapped.AsSpan(48));
        return (key, wrapped);
    }

    /// <summary>Null if the master key is not there, or the wrapped key is not one of its.</summary>
    public byte[]? TryUnwrap(ReadOnlySpan<byte> wrapped)
    {
        if (wrapped.Length != WrappedBytes)
            return null;
        byte[]? master;
        lock (_lock)
        {
            if (!_keys.TryGetValue(BinaryPrimitives.ReadUInt32LittleEndian(wrapped), out master))
                return null;
        }

        var key = new byte[ChunkCipher.KeyBytes];
        using var aes = new AesGcm(master, ChunkCipher.TagBytes);
        try
        {
            aes.Decrypt(wrapped.Slice(4, NonceBytes), wrapped.Slice(16, ChunkCipher.KeyBytes), wrapped[48..], key);
            return key;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    /// <summary>Makes a new master key, which wraps from now on.</summary>
    /// <exception cref="IOException">It could not be made durable; then it is not used.</exception>
    public void Rotate()
    {
        lock (_lock)
            Make();
    }

    private (uint Number, byte[] Key) Current()
    {
        lock (_lock)
        {
            if (_keys.Count == 0)
                Make();
            var number = _keys.Keys.Max();
            return (number, _keys[number]);
        }
    }

    private void Make()
    {
        // Past every name there is, so that a torn file of a crash is not in the way.
        uint number = 1;
        foreach (var name in _files.List(_directory))
        {
            if (uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var taken))
                number = Math.Max(number, taken + 1);
        }

        var bytes = new byte[FileBytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), number);
        RandomNumberGenerator.Fill(bytes.AsSpan(8, ChunkCipher.KeyBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(40), Crc32C.Compute(bytes.AsSpan(0, 40)));
        using (var file = _files.Create(Path.Combine(_directory, number.ToString("d8", CultureInfo.InvariantCulture)), isSecret: true))
        {
            file.Write(0, bytes);
            file.Sync();
        }

        _files.TrySyncDirectory(_directory);
        _keys.Add(number, bytes[8..40]);
    }

    private byte[]? TryRead(string name, uint number)
    {
        using var file = _files.OpenRead(Path.Combine(_directory, name));
        var bytes = new byte[FileBytes];
        return file is not null
            && file.Read(0, bytes) == FileBytes
            && bytes.AsSpan().StartsWith(Magic)
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4)) == number
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(40)) == Crc32C.Compute(bytes.AsSpan(0, 40)) ? bytes[8..40] : null;
    }
}
