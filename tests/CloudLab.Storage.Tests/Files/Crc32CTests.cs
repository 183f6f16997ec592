using System.Text;
using CloudLab.Storage.Files;
using CsCheck;
using Xunit;

namespace CloudLab.Storage.Tests.Files;

public sealed class Crc32CTests
{
    /// <summary>RFC 3720, appendix B.4, and the check value of the CRC catalogue.</summary>
    [Fact]
    public void Known_answers_hold()
    {
        Assert.Equal(0u, Crc32C.Compute([]));
        Assert.Equal(0xE3069283u, Crc32C.Compute(Encoding.ASCII.GetBytes("123456789")));
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
    }

    [Fact]
    public void A_checksum_can_be_continued() =>
        Gen.Select(Gen.Byte.Array[0, 40], Gen.Byte.Array[0, 40], Gen.ULong).Sample((first, second, number) =>
        {
            Assert.Equal(Crc32C.Compute([.. first, .. second]), Crc32C.Continue(Crc32C.Compute(first), second));
            Assert.Equal(Crc32C.Compute([.. first, .. BitConverter.GetBytes(number)]), Crc32C.Continue(Crc32C.Compute(first), number));
        });

    [Fact]
    public void Long_inputs_give_what_byte_by_byte_gives() =>
        Gen.Select(Gen.Int[0, 70_000], Gen.Int, Gen.UInt).Sample(
            (length, seed, start) =>
            {
                var bytes = new byte[length];
                new Random(seed).NextBytes(bytes);
                var expected = start;
                foreach (var b in bytes)
                    expected = Crc32C.Continue(expected, [b]);
                Assert.Equal(expected, Crc32C.Continue(start, bytes));
            },
            iter: 200);
}
