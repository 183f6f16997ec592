using System.Buffers.Binary;
using System.Security.Cryptography;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs;

/// <summary>The bytes of an object's file, version 1. Integers are little-endian.</summary>
/// <remarks>
/// <code>
/// header    0  8   magic: 89 'C' 'L' 'B' 0D 0A 1A 0A
///           8  2   version: 1
///          10  2   N, the length of the name: 1 to 1024
///          12  8   file id: random, the same nowhere else
///          20  N   the name, UTF-8
///        20+N  4   CRC-32C of everything before
/// content  chunk after chunk: 65536 bytes (the last has what remains, at least 1; an empty object has no chunk), then
///              4   CRC-32C of the file id, the chunk's index (8 bytes) and the chunk's bytes
/// trailer   0  8   length of the content
///           8  8   time of the put, 100 ns ticks since 0001-01-01 UTC
///          16  32  SHA-256 of the content; the object's tag is its hexadecimal form
///          48  8   file id
///          56  4   CRC-32C of the 56 bytes before
///          60  4   magic: 'C' 'L' 'B' '.'
/// </code>
/// Length and hash are known only when the last byte of the content has arrived, so they stand at the end, and a file
/// without its trailer is recognised as torn. The name stands in the file so that one that ended up under another
/// name is not served. Checksums alternate with the content so that a range is read and verified in one sequential pass.
/// The file id in every checksum keeps a chunk of another file, or of an older file on reused disk blocks, from passing.
/// </remarks>
internal static class BlobFormat
{
    public const int ChunkBytes = 64 * 1024;
    public const int ChecksumBytes = sizeof(uint);
    public const int TrailerBytes = 64;
    public const int MaxHeaderBytes = FixedHeaderBytes + BlobName.MaxBytes + ChecksumBytes;

    private const int FixedHeaderBytes = 20;
    private const int TrailerChecksumAt = 56;
    private const ushort Version = 1;

    private static ReadOnlySpan<byte> HeaderMagic => [0x89, (byte)'C', (byte)'L', (byte)'B', 0x0D, 0x0A, 0x1A, 0x0A];

    private static ReadOnlySpan<byte> TrailerMagic => "CLB."u8;

    public static int HeaderBytes(int nameBytes) => FixedHeaderBytes + nameBytes + ChecksumBytes;

    public static byte[] Header(ReadOnlySpan<byte> name, ulong fileId)
    {
        var header = new byte[HeaderBytes(name.Length)];
        HeaderMagic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(10), (ushort)name.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(12), fileId);
        name.CopyTo(header.AsSpan(FixedHeaderBytes));
        var end = header.Length - ChecksumBytes;
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(end), Crc32C.Compute(header.AsSpan(0, end)));
        return header;
    }

    public static byte[] Trailer(ulong fileId, long length, DateTimeOffset time, ReadOnlySpan<byte> sha256)
    {
        var trailer = new byte[TrailerBytes];
        BinaryPrimitives.WriteInt64LittleEndian(trailer, length);
        BinaryPrimitives.WriteInt64LittleEndian(trailer.AsSpan(8), time.UtcTicks);
        sha256.CopyTo(trailer.AsSpan(16));
        BinaryPrimitives.WriteUInt64LittleEndian(trailer.AsSpan(48), fileId);
        BinaryPrimitives.WriteUInt32LittleEndian(
            trailer.AsSpan(TrailerChecksumAt), Crc32C.Compute(trailer.AsSpan(0, TrailerChecksumAt)));
        TrailerMagic.CopyTo(trailer.AsSpan(TrailerChecksumAt + ChecksumBytes));
        return trailer;
    }

    public static uint ChunkChecksum(ulong fileId, long index, ReadOnlySpan<byte> chunk) =>
        Crc32C.Continue(Crc32C.Continue(Crc32C.Continue(0, fileId), (ulong)index), chunk);

    public static string Tag(ReadOnlySpan<byte> sha256) => Convert.ToHexStringLower(sha256);

    /// <summary>Reads and verifies everything but the content: null where anything does not fit together.</summary>
    public static BlobLayout? TryReadLayout(IFile file, string name, ReadOnlySpan<byte> nameBytes)
    {
        var headerBytes = HeaderBytes(nameBytes.Length);
        Span<byte> header = stackalloc byte[MaxHeaderBytes];
        header = header[..headerBytes];
        if (file.Read(0, header) != headerBytes)
            return null;
        var fileId = BinaryPrimitives.ReadUInt64LittleEndian(header[12..]);
        if (!header.SequenceEqual(Header(nameBytes, fileId)))
            return null;

        Span<byte> trailer = stackalloc byte[TrailerBytes];
        var trailerAt = file.Length - TrailerBytes;
        if (trailerAt < headerBytes || file.Read(trailerAt, trailer) != TrailerBytes)
            return null;
        var length = BinaryPrimitives.ReadInt64LittleEndian(trailer);
        var ticks = BinaryPrimitives.ReadInt64LittleEndian(trailer[8..]);
        var sha256 = trailer.Slice(16, SHA256.HashSizeInBytes);
        if (length < 0 || length > trailerAt || ticks < 0 || ticks > DateTimeOffset.MaxValue.Ticks)
            return null;
        var time = new DateTimeOffset(ticks, TimeSpan.Zero);
        if (!trailer.SequenceEqual(Trailer(fileId, length, time, sha256)) || EndOfContent(headerBytes, length) != trailerAt)
            return null;
        return new BlobLayout(fileId, headerBytes, new BlobInfo(name, length, Tag(sha256), time));
    }

    /// <summary>The offset in the file after the last chunk and its checksum.</summary>
    private static long EndOfContent(int headerBytes, long length) =>
        headerBytes + length + (((length + ChunkBytes - 1) / ChunkBytes) * ChecksumBytes);
}
