using System.Buffers.Binary;

namespace CloudLab.Server.S3.Objects;

/// <summary>The CRCs of small documents, bit by bit: objects have the store's own, which are fast.</summary>
internal static class DocumentCrc
{
    private const uint Crc32Polynomial = 0xEDB88320;
    private const uint Crc32CPolynomial = 0x82F63B78;
    private const ulong Crc64NvmePolynomial = 0x9A6C9329AC4BC9B5;

    public static byte[] Crc32(ReadOnlySpan<byte> bytes) => Crc(bytes, Crc32Polynomial);

    public static byte[] Crc32C(ReadOnlySpan<byte> bytes) => Crc(bytes, Crc32CPolynomial);

    public static byte[] Crc64Nvme(ReadOnlySpan<byte> bytes)
    {
        ulong crc = ulong.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++) crc = (crc >> 1) ^ ((crc & 1) * Crc64NvmePolynomial);
        }

        var value = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(value, ~crc);
        return value;
    }

    private static byte[] Crc(ReadOnlySpan<byte> bytes, uint polynomial)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++) crc = (crc >> 1) ^ ((crc & 1) * polynomial);
        }

        var value = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(value, ~crc);
        return value;
    }
}
