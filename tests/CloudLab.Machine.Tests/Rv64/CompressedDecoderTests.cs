using CloudLab.Machine.Rv64.Interpreter;
using CloudLab.Machine.Tests.Rv64.Reference;
using Xunit;

namespace CloudLab.Machine.Tests.Rv64;

public sealed class CompressedDecoderTests
{
    [Fact]
    public void Every_halfword_expands_as_the_listings_say()
    {
        for (uint c = 0; c <= ushort.MaxValue; c++)
        {
            if ((c & 3) == 3) continue;
            uint expected = ReferenceCompressed.Expand((ushort)c) ?? CompressedDecoder.Illegal;
            uint actual = CompressedDecoder.Expand(c);
            Assert.True(expected == actual, $"{c:x4}: {actual:x8}, expected {expected:x8}");
        }
    }

    [Fact]
    public void Wide_encodings_are_no_compressed_instructions()
    {
        for (uint c = 3; c <= ushort.MaxValue; c += 4) Assert.Equal(CompressedDecoder.Illegal, CompressedDecoder.Expand(c));
    }
}
