using System.Buffers.Binary;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Checksums;

/// <summary>The CRC of two pieces joined, from the CRC of each and the second's length: what completes a multipart object.</summary>
/// <remarks>
/// A reflected CRC with ones before and after is linear apart from constants that cancel out: crc(A B) is crc(A) times
/// x^(8·length of B), plus crc(B), modulo the polynomial.
/// </remarks>
internal static class CrcCombiner
{
    private const ulong Crc32Polynomial = 0xEDB88320;
    private const ulong Crc32CPolynomial = 0x82F63B78;
    private const ulong Crc64NvmePolynomial = 0x9A6C9329AC4BC9B5;

    /// <summary>Whether the algorithm is a CRC.</summary>
    public static bool CanCombine(ChecksumAlgorithm algorithm) =>
        algorithm is ChecksumAlgorithm.Crc32 or ChecksumAlgorithm.Crc32C or ChecksumAlgorithm.Crc64Nvme;

    /// <summary>Both values, and the result, are big-endian as S3 shows them.</summary>
    public static byte[] Combine(ChecksumAlgorithm algorithm, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, long secondLength)
    {
        var (polynomial, width) = algorithm switch
        {
            ChecksumAlgorithm.Crc32 => (Crc32Polynomial, 32),
            ChecksumAlgorithm.Crc32C => (Crc32CPolynomial, 32),
            ChecksumAlgorithm.Crc64Nvme => (Crc64NvmePolynomial, 64),
            ChecksumAlgorithm.Sha1 or ChecksumAlgorithm.Sha256 => throw new ArgumentOutOfRangeException(nameof(algorithm)),
        };
        var power = Power(8 * (UInt128)secondLength, polynomial, width);
        var result = Multiply(Read(first), power, polynomial, width) ^ Read(second);
        var bytes = new byte[width / 8];
        if (width == 32)
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)result);
        else
            BinaryPrimitives.WriteUInt64BigEndian(bytes, result);
        return bytes;
    }

    private static ulong Read(ReadOnlySpan<byte> value) => value.Length == sizeof(uint)
        ? BinaryPrimitives.ReadUInt32BigEndian(value) : BinaryPrimitives.ReadUInt64BigEndian(value);

    /// <summary>x^exponent, reflected: the highest bit is x^0.</summary>
    private static ulong Power(UInt128 exponent, ulong polynomial, int width)
    {
        var result = 1UL << (width - 1);
        var square = result >> 1;
        for (; exponent != 0; exponent >>= 1)
        {
            if ((exponent & 1) != 0)
                result = Multiply(result, square, polynomial, width);
            square = Multiply(square, square, polynomial, width);
        }

        return result;
    }

    private static ulong Multiply(ulong a, ulong b, ulong polynomial, int width)
    {
        ulong product = 0;
        for (var bit = width - 1; bit >= 0; bit--)
        {
            if (((a >> bit) & 1) != 0)
                product ^= b;
            b = (b & 1) != 0 ? (b >> 1) ^ polynomial : b >> 1;
        }

        return product;
    }
}
