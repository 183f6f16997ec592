using System.Buffers.Binary;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>The bytes of the file of a large object or part, version 1. Integers are little-endian.</summary>
/// <remarks>
/// <code>
/// header    0   8  magic: 89 'C' 'L' 'O' 0D 0A 1A 0A
///           8   2  version: 1
///          10   2  1 when the chunks are encrypted, else 0
///          12   8  the file's number
///          20   4  CRC-32C of the 20 bytes before
///          24      zeros up to 4096
/// chunks 4096      chunk after chunk: 65536 bytes of content (the last has what remains, at least 1), and when encrypted
///                  16 bytes of authentication tag behind each
/// table            for each chunk 4 bytes: CRC-32C of the file's number (8), the chunk's index (8) and the chunk as stored
/// footer    0   8  bytes of content
///           8   8  the file's number
///          16   4  CRC-32C of the 16 bytes before
///          20   4  magic: 'C' 'L' 'O' '.'
/// </code>
/// The content stands in one piece from a page boundary on, so that a chunk is read into the memory that it is sent from. The
/// table stands behind it since it is known only then: 4 bytes for each 64 KiB wait in memory. The file's number, which no other
/// file ever has, keeps a chunk of another file from passing.
/// </remarks>
internal static class ObjectFileFormat
{
    public const int ChunkBytes = 64 << 10;
    public const int ContentAt = 4096;
    public const int FooterBytes = 24;
    public const int ChecksumBytes = sizeof(uint);
    private const ushort Version = 1;
    private const int HeaderBytes = 24;

    private static ReadOnlySpan<byte> HeaderMagic => [0x89, (byte)'C', (byte)'L', (byte)'O', 0x0D, 0x0A, 0x1A, 0x0A];

    private static ReadOnlySpan<byte> FooterMagic => "CLO."u8;

    public static byte[] Header(ulong id, bool isEncrypted)
    {
        var header = new byte[ContentAt];
        HeaderMagic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(10), isEncrypted ? (ushort)1 : (ushort)0);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(12), id);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(20), Crc32C.Compute(header.AsSpan(0, 20)));
        return header;
    }

    public static byte[] Footer(ulong id, long length)
    {
        var footer = new byte[FooterBytes];
        BinaryPrimitives.WriteInt64LittleEndian(footer, length);
        BinaryPrimitives.WriteUInt64LittleEndian(footer.AsSpan(8), id);
        BinaryPrimitives.WriteUInt32LittleEndian(footer.AsSpan(16), Crc32C.Compute(footer.AsSpan(0, 16)));
        FooterMagic.CopyTo(footer.AsSpan(20));
        return footer;
    }

    public static uint ChunkChecksum(ulong id, long index, ReadOnlySpan<byte> stored) =>
        Crc32C.Continue(Crc32C.Continue(Crc32C.Continue(0, id), (ulong)index), stored);

    public static long ChunkCount(long length) => (length + ChunkBytes - 1) / ChunkBytes;

    /// <summary>What does not fit of header, footer and size, or null. The table is verified with the chunks.</summary>
    public static string? Verify(IFile file, ulong id, bool isEncrypted, long length)
    {
        var stored = length + (isEncrypted ? ChunkCount(length) * ChunkCipher.TagBytes : 0);
        var expected = ContentAt + stored + (ChunkCount(length) * ChecksumBytes) + FooterBytes;
        if (file.Length != expected)
            return $"the file has {file.Length} bytes instead of {expected}";
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (file.Read(0, header) != HeaderBytes || !header.SequenceEqual(Header(id, isEncrypted).AsSpan(0, HeaderBytes)))
            return "the file's header does not fit";
        Span<byte> footer = stackalloc byte[FooterBytes];
        if (file.Read(expected - FooterBytes, footer) != FooterBytes || !footer.SequenceEqual(Footer(id, length)))
            return "the file's footer does not fit";
        return null;
    }
}
