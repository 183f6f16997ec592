using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using CloudLab.Storage.Blobs.Objects;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs.Checksums;

/// <summary>The MD5 of a body and the checksums that were asked for, in one pass.</summary>
internal sealed class BodyDigests : IDisposable
{
    private readonly IncrementalHash _md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private readonly IncrementalHash? _sha1;
    private readonly IncrementalHash? _sha256;
    private readonly Crc32? _crc32;
    private readonly Crc64? _crc64;
    private readonly bool _hasCrc32C;
    private uint _crc32C;

    public BodyDigests(IReadOnlyList<ChecksumAlgorithm> algorithms)
    {
        foreach (var algorithm in algorithms)
        {
            switch (algorithm)
            {
                case ChecksumAlgorithm.Crc32:
                    _crc32 ??= new Crc32();
                    break;
                case ChecksumAlgorithm.Crc32C:
                    _hasCrc32C = true;
                    break;
                case ChecksumAlgorithm.Crc64Nvme:
                    _crc64 ??= new Crc64(Crc64ParameterSet.Nvme);
                    break;
                case ChecksumAlgorithm.Sha1:
                    _sha1 ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
                    break;
                case ChecksumAlgorithm.Sha256:
                    _sha256 ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                    break;
            }
        }
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _md5.AppendData(bytes);
        _crc32?.Append(bytes);
        if (_hasCrc32C)
            _crc32C = Crc32C.Continue(_crc32C, bytes);
        _crc64?.Append(bytes);
        _sha1?.AppendData(bytes);
        _sha256?.AppendData(bytes);
    }

    /// <summary>The MD5 of all bytes; once.</summary>
    public byte[] Md5() => _md5.GetHashAndReset();

    /// <summary>The checksums of all bytes, by algorithm; once.</summary>
    public IReadOnlyList<ObjectChecksum> Checksums()
    {
        var checksums = new List<ObjectChecksum>(1);
        if (_crc32 is not null)
            checksums.Add(new(ChecksumAlgorithm.Crc32, BigEndian(_crc32.GetCurrentHashAsUInt32())));
        if (_hasCrc32C)
            checksums.Add(new(ChecksumAlgorithm.Crc32C, BigEndian(_crc32C)));
        if (_crc64 is not null)
            checksums.Add(new(ChecksumAlgorithm.Crc64Nvme, BigEndian(_crc64.GetCurrentHashAsUInt64())));
        if (_sha1 is not null)
            checksums.Add(new(ChecksumAlgorithm.Sha1, _sha1.GetHashAndReset()));
        if (_sha256 is not null)
            checksums.Add(new(ChecksumAlgorithm.Sha256, _sha256.GetHashAndReset()));
        return checksums;
    }

    public void Dispose()
    {
        _md5.Dispose();
        _sha1?.Dispose();
        _sha256?.Dispose();
    }

    private static byte[] BigEndian(uint value)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] BigEndian(ulong value)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }
}
