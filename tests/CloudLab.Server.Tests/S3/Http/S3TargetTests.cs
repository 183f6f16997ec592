using System.Text;
using CloudLab.Server.S3;
using CloudLab.Server.S3.Http;
using CsCheck;

namespace CloudLab.Server.Tests.S3.Http;

public sealed class S3TargetTests
{
    [Theory]
    [InlineData("/", null, null)]
    [InlineData("/bucket", "bucket", null)]
    [InlineData("/bucket/", "bucket", null)]
    [InlineData("/bucket/key", "bucket", "key")]
    [InlineData("/bucket//key", "bucket", "/key")]
    [InlineData("/bucket/a/../b", "bucket", "a/../b")]
    [InlineData("/bucket/../../etc/passwd", "bucket", "../../etc/passwd")]
    [InlineData("/bucket/a%2F..%2Fb", "bucket", "a/../b")]
    [InlineData("/bucket/a+b%2Bc%20d", "bucket", "a+b+c d")]
    [InlineData("/bucket/%3Fx?y", "bucket", "?x")]
    [InlineData("/bucket/%C3%BC%25", "bucket", "ü%")]
    [InlineData("http://somewhere:9000/bucket/key", "bucket", "key")]
    public void A_path_names_a_bucket_and_a_key(string target, string? bucket, string? key)
    {
        S3Target parsed = S3Target.Parse(target, "127.0.0.1:9000", []).Value!;
        Assert.Equal(bucket, parsed.Bucket);
        Assert.Equal(key, parsed.Key);
    }

    [Theory]
    [InlineData("/bucket/%")]
    [InlineData("/bucket/%zz")]
    [InlineData("/bucket/%ff")]
    [InlineData("/bucket/%C3")]
    [InlineData("/bucket/key?a=%")]
    [InlineData("*")]
    [InlineData("bucket/key")]
    public void What_is_not_a_name_is_refused(string target) =>
        Assert.Equal(S3ErrorCode.InvalidURI, S3Target.Parse(target, "localhost", []).Error?.Code);

    [Theory]
    [InlineData("bucket.s3.example.com", "bucket", "a/b")]
    [InlineData("a.dotted.bucket.s3.example.com:9000", "a.dotted.bucket", "a/b")]
    [InlineData("BUCKET.S3.example.com", "bucket", "a/b")]
    [InlineData("s3.example.com", "a", "b")]
    [InlineData("xs3.example.com", "a", "b")]
    [InlineData("bucket.other.example.com", "a", "b")]
    [InlineData("10.0.0.1:9000", "a", "b")]
    public void Only_the_configured_domain_has_buckets_in_host_names(string host, string bucket, string key)
    {
        S3Target parsed = S3Target.Parse("/a/b", host, ["s3.example.com"]).Value!;
        Assert.Equal(bucket, parsed.Bucket);
        Assert.Equal(key, parsed.Key);
    }

    [Fact]
    public void Encoding_is_undone_by_decoding() => Gen.String.Where(IsText).Sample(text =>
    {
        Assert.True(S3UriCodec.TryDecode(S3UriCodec.Encode(text, keepSlash: false), plusIsSpace: true, out string? decoded));
        Assert.Equal(text, decoded);
        Assert.True(S3UriCodec.TryDecode(S3UriCodec.Encode(text, keepSlash: true), plusIsSpace: false, out decoded));
        Assert.Equal(text, decoded);
    });

    [Fact]
    public void A_query_of_any_texts_is_read_back() => Gen.Select(Gen.String.Where(IsText), Gen.String.Where(IsText)).Where((name, _) => name.Length > 0)
        .Sample((name, value) =>
        {
            string text = S3UriCodec.Encode(name, keepSlash: false) + "=" + S3UriCodec.Encode(value, keepSlash: false);
            Assert.True(S3Query.TryParse("a&" + text + "&b=", out S3Query? query));
            if (name is not ("a" or "b")) Assert.Equal(value, query[name]);
        });

    private static bool IsText(string text) => text == Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
