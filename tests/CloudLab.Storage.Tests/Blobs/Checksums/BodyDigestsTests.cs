using System.Text;
using CloudLab.Storage.Blobs.Checksums;
using CloudLab.Storage.Blobs.Objects;
using CsCheck;
using Xunit;

namespace CloudLab.Storage.Tests.Blobs.Checksums;

public sealed class BodyDigestsTests
{
    /// <summary>The check values of the CRC catalogue, big-endian as S3 shows them.</summary>
    [Theory]
    [InlineData(ChecksumAlgorithm.Crc32, "CBF43926")]
    [InlineData(ChecksumAlgorithm.Crc32C, "E3069283")]
    [InlineData(ChecksumAlgorithm.Crc64Nvme, "AE8B14860A799888")]
    [InlineData(ChecksumAlgorithm.Sha1, "F7C3BC1D808E04732ADF679965CCC34CA7AE3441")]
    public void Known_answers_hold(ChecksumAlgorithm algorithm, string expected) =>
        Assert.Equal(expected, Convert.ToHexString(Compute(algorithm, Encoding.ASCII.GetBytes("123456789"))));

    [Theory]
    [InlineData(ChecksumAlgorithm.Crc32)]
    [InlineData(ChecksumAlgorithm.Crc32C)]
    [InlineData(ChecksumAlgorithm.Crc64Nvme)]
    public void The_crc_of_two_pieces_follows_from_the_crc_of_each(ChecksumAlgorithm algorithm) =>
        Gen.Select(Gen.Byte.Array[0, 300], Gen.Byte.Array[0, 300]).Sample((first, second) => Assert.Equal(
            Compute(algorithm, [.. first, .. second]),
            CrcCombiner.Combine(algorithm, Compute(algorithm, first), Compute(algorithm, second), second.Length)));

    private static byte[] Compute(ChecksumAlgorithm algorithm, byte[] bytes)
    {
        using var digests = new BodyDigests([algorithm]);
        digests.Append(bytes);
        return digests.Checksums()[0].Value.ToArray();
    }
}
