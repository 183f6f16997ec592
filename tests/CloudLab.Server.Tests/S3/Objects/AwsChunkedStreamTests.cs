using System.Security.Cryptography;
using System.Text;
using CloudLab.Server.S3;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Objects;
using CloudLab.Server.Tests.S3.Auth;
using CsCheck;

namespace CloudLab.Server.Tests.S3.Objects;

public sealed class AwsChunkedStreamTests
{
    private const string Date = "20130524T000000Z";
    private const string Trailer = "x-amz-checksum-crc32c";

    private static readonly SigV4Scope Scope = new("20130524", "us-east-1", "s3");

    [Fact]
    public async Task The_documented_example_is_verified_and_decoded()
    {
        string body = "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" + new string('a', 65536)
            + "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" + new string('a', 1024)
            + "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
        var signing = new PayloadSigning(PayloadKind.SignedChunks)
        {
            Signer = Signer("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
        };
        using var stream = new AwsChunkedStream(new Pieces(Encoding.ASCII.GetBytes(body), 7777), signing, 66560, []);
        Assert.Equal(new string('a', 66560), await ReadAsync(stream));
    }

    [Fact]
    public async Task The_documented_example_with_a_trailer_is_verified_and_decoded()
    {
        string body = "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" + new string('a', 65536)
            + "\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" + new string('a', 1024)
            + "\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
            + "x-amz-checksum-crc32c:sOO8/Q==\r\n"
            + "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
        var signing = new PayloadSigning(PayloadKind.SignedChunksWithTrailer)
        {
            Signer = Signer("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"),
        };
        using var stream = new AwsChunkedStream(new Pieces(Encoding.ASCII.GetBytes(body), 100), signing, 66560, [Trailer]);
        Assert.Equal(new string('a', 66560), await ReadAsync(stream));
        Assert.Equal("sOO8/Q==", stream.Trailers[Trailer]);
    }

    [Fact]
    public Task Any_chunks_in_any_pieces_decode_to_their_bytes() =>
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 0, 300].Array[0, 8], Gen.Int[1, 200], Gen.Int[0, 2], Gen.Bool)
            .SampleAsync(async (texts, piece, kind, bare) =>
            {
                string[] chunks = [.. texts.Where(t => t.Length > 0)];
                (byte[] body, PayloadSigning signing) = Frame(chunks, (PayloadKind)((int)PayloadKind.SignedChunks + kind), bare);
                string[] trailers = signing.Kind == PayloadKind.SignedChunks ? [] : [Trailer];
                using var stream = new AwsChunkedStream(new Pieces(body, piece), signing, chunks.Sum(c => c.Length), trailers);
                Assert.Equal(string.Concat(chunks), await ReadAsync(stream));
            }, iter: 300);

    [Fact]
    public Task A_flipped_byte_of_a_signed_body_is_always_found() =>
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 60].Array[1, 4], Gen.Int[0, 10_000], Gen.Int[1, 255], Gen.Bool)
            .SampleAsync(async (chunks, at, flip, hasTrailer) =>
            {
                (byte[] body, PayloadSigning signing) = Frame(
                    chunks, hasTrailer ? PayloadKind.SignedChunksWithTrailer : PayloadKind.SignedChunks, bare: false);
                int position = at % body.Length;
                byte before = body[position];
                body[position] ^= (byte)flip;
                // White space and the case of hexadecimal digits and names say nothing.
                if (before is (byte)'\r' or (byte)'\n' or (byte)' ' || body[position] is (byte)'\r' or (byte)'\n' or (byte)' ' or (byte)'\t') return;
                if (char.ToLowerInvariant((char)before) == char.ToLowerInvariant((char)body[position])) return;
                using var stream = new AwsChunkedStream(
                    new Pieces(body, 50), signing, chunks.Sum(c => c.Length), hasTrailer ? [Trailer] : []);
                await Assert.ThrowsAsync<S3BodyException>(() => ReadAsync(stream));
            }, iter: 500);

    [Fact]
    public Task A_body_that_is_cut_off_anywhere_is_incomplete() =>
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 60].Array[1, 4], Gen.Int[0, 10_000], Gen.Int[0, 2])
            .SampleAsync(async (chunks, at, kind) =>
            {
                (byte[] body, PayloadSigning signing) = Frame(chunks, (PayloadKind)((int)PayloadKind.SignedChunks + kind), bare: false);
                string[] trailers = signing.Kind == PayloadKind.SignedChunks ? [] : [Trailer];
                // The last empty line may be missing: all that counts has come by then.
                byte[] cut = body[..(at % (body.Length - 4))];
                using var stream = new AwsChunkedStream(new Pieces(cut, 50), signing, chunks.Sum(c => c.Length), trailers);
                await Assert.ThrowsAsync<S3BodyException>(() => ReadAsync(stream));
            }, iter: 300);

    [Fact]
    public Task Random_bytes_end_in_an_error_of_the_body() =>
        Gen.Select(Gen.Byte.Array[0, 400], Gen.Int[1, 50], Gen.Int[0, 2]).SampleAsync(async (body, piece, kind) =>
        {
            PayloadSigning signing = new((PayloadKind)((int)PayloadKind.SignedChunks + kind)) { Signer = kind == 2 ? null : Signer("seed") };
            using var stream = new AwsChunkedStream(new Pieces(body, piece), signing, 5, []);
            await Assert.ThrowsAsync<S3BodyException>(() => ReadAsync(stream));
        }, iter: 2000);

    [Theory]
    [InlineData("ffffffffffffffff\r\n", nameof(S3ErrorCode.InvalidRequest))]
    [InlineData("-1\r\n", nameof(S3ErrorCode.InvalidRequest))]
    [InlineData("6\r\n123456\r\n0\r\n\r\n", nameof(S3ErrorCode.IncompleteBody))]
    [InlineData("4\r\n1234\r\n0\r\n\r\n", nameof(S3ErrorCode.IncompleteBody))]
    [InlineData("5\r\n12345X\r\n0\r\n\r\n", nameof(S3ErrorCode.InvalidRequest))]
    [InlineData("5\r\n12345\r\n0\r\n\r\nmore", nameof(S3ErrorCode.InvalidRequest))]
    [InlineData("5\r\n12345\r\n0\r\nx-amz-meta-a:b\r\n\r\n", nameof(S3ErrorCode.MalformedTrailerError))]
    public async Task A_malformed_body_is_refused(string body, string code)
    {
        var signing = new PayloadSigning(PayloadKind.UnsignedChunksWithTrailer);
        using var stream = new AwsChunkedStream(new Pieces(Encoding.ASCII.GetBytes(body), 3), signing, 5, []);
        S3BodyException thrown = await Assert.ThrowsAsync<S3BodyException>(() => ReadAsync(stream));
        Assert.Equal(code, thrown.Error.Code.ToString());
    }

    private static ChunkSigner Signer(string seed) => new(SigV4.SigningKey(ExampleKey.Secret, Scope), Date, Scope, seed);

    private static (byte[] Body, PayloadSigning Signing) Frame(string[] chunks, PayloadKind kind, bool bare)
    {
        byte[] key = SigV4.SigningKey(ExampleKey.Secret, Scope);
        string previous = "seed";
        bool isSigned = kind != PayloadKind.UnsignedChunksWithTrailer;
        var body = new StringBuilder();
        foreach (string chunk in chunks.Append(""))
        {
            body.Append($"{chunk.Length:x}");
            if (isSigned)
            {
                previous = Sign($"AWS4-HMAC-SHA256-PAYLOAD\n{Date}\n{Scope}\n{previous}\n{Hash("")}\n{Hash(chunk)}");
                body.Append(";chunk-signature=").Append(previous);
            }

            body.Append("\r\n").Append(chunk);
            if (chunk.Length > 0) body.Append("\r\n");
        }

        if (kind != PayloadKind.SignedChunks)
        {
            body.Append(Trailer).Append(":AAAAAA==\r\n");
            if (isSigned)
            {
                string signature = Sign($"AWS4-HMAC-SHA256-TRAILER\n{Date}\n{Scope}\n{previous}\n{Hash(Trailer + ":AAAAAA==\n")}");
                body.Append("x-amz-trailer-signature:").Append(signature).Append("\r\n");
            }
        }

        // Some clients leave out the empty line at the end.
        if (!bare) body.Append("\r\n");
        return (Encoding.ASCII.GetBytes(body.ToString()), new PayloadSigning(kind) { Signer = isSigned ? Signer("seed") : null });

        string Sign(string text) => Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static async Task<string> ReadAsync(AwsChunkedStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Hands bytes out a few at a time.</summary>
    private sealed class Pieces(byte[] bytes, int piece) : ReadOnlyStream
    {
        private int _position;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = Math.Min(Math.Min(buffer.Length, piece), bytes.Length - _position);
            bytes.AsSpan(_position, count).CopyTo(buffer.Span);
            _position += count;
            return new(count);
        }
    }
}
