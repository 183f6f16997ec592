using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using CloudLab.Server.S3.Http;
using CsCheck;

namespace CloudLab.Server.Tests.S3;

public sealed class ObjectTests(S3Fixture s3) : IClassFixture<S3Fixture>
{
    private readonly CancellationToken _cancellationToken = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Any_key_holds_its_own_bytes()
    {
        string bucket = await s3.MakeBucketAsync();
        string[] keys =
        [
            "a b", "a+b", "a%20b", "a%2Fb", "a/b", "a//b", "/a", "a/", "a/../b", "a/./b", "..x/..", "ü", "日本", "\U0001f600", "q?a=b&c", "h#x",
            "tail ", "~._-", "!*'()", "a\\b", "\u0001\u001f", "&<>\"", new string('k', 1024),
        ];
        // By hand, because the SDK's URIs take dots out of paths.
        foreach (string key in keys)
        {
            using HttpResponseMessage put = await RawS3.SendAsync(s3, HttpMethod.Put, Target(key), key);
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        }

        foreach (string key in keys)
        {
            using HttpResponseMessage got = await RawS3.SendAsync(s3, HttpMethod.Get, Target(key));
            Assert.Equal(key, await got.Content.ReadAsStringAsync(_cancellationToken));
        }

        ListObjectsV2Response list = await s3.Client.ListObjectsV2Async(
            new ListObjectsV2Request { BucketName = bucket, Encoding = EncodingType.Url }, _cancellationToken);
        Assert.Equal(keys.Length, list.KeyCount);

        string Target(string key) => $"/{bucket}/{S3UriCodec.Encode(key, keepSlash: true)}";
    }

    [Fact]
    public async Task A_key_of_1025_bytes_is_too_long()
    {
        string bucket = await s3.MakeBucketAsync();
        await S3Assert.FailsAsync("KeyTooLongError", s3.Client.PutObjectAsync(
            new PutObjectRequest { BucketName = bucket, Key = new string('ü', 512) + "x", ContentBody = "" }, _cancellationToken));
    }

    [Theory]
    [InlineData("CRC32")]
    [InlineData("CRC32C")]
    [InlineData("CRC64NVME")]
    [InlineData("SHA1")]
    [InlineData("SHA256")]
    public async Task A_checksum_is_kept_and_told(string algorithm)
    {
        string bucket = await s3.MakeBucketAsync();
        await s3.Client.PutObjectAsync(
            new PutObjectRequest { BucketName = bucket, Key = "k", ContentBody = "content", ChecksumAlgorithm = new ChecksumAlgorithm(algorithm) },
            _cancellationToken);
        GetObjectMetadataResponse head = await s3.Client.GetObjectMetadataAsync(
            new GetObjectMetadataRequest { BucketName = bucket, Key = "k", ChecksumMode = ChecksumMode.ENABLED }, _cancellationToken);
        string?[] told = [head.ChecksumCRC32, head.ChecksumCRC32C, head.ChecksumCRC64NVME, head.ChecksumSHA1, head.ChecksumSHA256];
        Assert.Single(told, value => value is not null);
        if (algorithm == "SHA256") Assert.Equal(Convert.ToBase64String(SHA256.HashData("content"u8)), head.ChecksumSHA256);
        Assert.Equal(ChecksumType.FULL_OBJECT, head.ChecksumType);
    }

    [Fact]
    public async Task A_body_that_is_not_what_its_headers_say_is_not_stored()
    {
        string bucket = await s3.MakeBucketAsync();
        await S3Assert.FailsAsync("BadDigest", s3.Client.PutObjectAsync(
            new PutObjectRequest { BucketName = bucket, Key = "k", ContentBody = "x", MD5Digest = Convert.ToBase64String(new byte[16]) },
            _cancellationToken));
        await S3Assert.FailsAsync("BadDigest", s3.Client.PutObjectAsync(
            new PutObjectRequest { BucketName = bucket, Key = "k", ContentBody = "x", ChecksumSHA256 = Convert.ToBase64String(new byte[32]) },
            _cancellationToken));
        await S3Assert.FailsAsync("InvalidRequest", s3.Client.PutObjectAsync(
            new PutObjectRequest { BucketName = bucket, Key = "k", ContentBody = "x", ChecksumSHA256 = "bad" }, _cancellationToken));
        await S3Assert.FailsAsync(HttpStatusCode.NotFound, s3.Client.GetObjectMetadataAsync(bucket, "k", _cancellationToken));
    }

    [Theory]
    [InlineData("bytes=0-0", "0", "bytes 0-0/10")]
    [InlineData("bytes=2-4", "234", "bytes 2-4/10")]
    [InlineData("bytes=7-100", "789", "bytes 7-9/10")]
    [InlineData("bytes=8-", "89", "bytes 8-9/10")]
    [InlineData("bytes=-3", "789", "bytes 7-9/10")]
    [InlineData("bytes=-30", "0123456789", "bytes 0-9/10")]
    [InlineData("bytes=4-2", "0123456789", null)]
    [InlineData("bytes=0-1,3-4", "0123456789", null)]
    [InlineData("lines=1-2", "0123456789", null)]
    public async Task A_range_is_read(string range, string content, string? contentRange)
    {
        string url = await PutPublicAsync("0123456789");
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("Range", range);
        using HttpResponseMessage response = await s3.Anonymous.SendAsync(request, _cancellationToken);
        Assert.Equal(contentRange is null ? HttpStatusCode.OK : HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(content, await response.Content.ReadAsStringAsync(_cancellationToken));
        Assert.Equal(contentRange, response.Content.Headers.ContentRange?.ToString());
    }

    [Theory]
    [InlineData("bytes=10-")]
    [InlineData("bytes=-0")]
    public async Task A_range_outside_is_not_satisfiable(string range)
    {
        string url = await PutPublicAsync("0123456789");
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("Range", range);
        using HttpResponseMessage response = await s3.Anonymous.SendAsync(request, _cancellationToken);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, response.StatusCode);
        Assert.Contains("<ActualObjectSize>10</ActualObjectSize>", await response.Content.ReadAsStringAsync(_cancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_range_is_served_only_of_the_object_that_if_range_means()
    {
        string url = await PutPublicAsync("0123456789");
        using HttpResponseMessage plain = await s3.Anonymous.GetAsync(new Uri(url), _cancellationToken);
        string etag = plain.Headers.ETag!.Tag;
        DateTimeOffset modified = plain.Content.Headers.LastModified!.Value;
        Assert.Equal("234", await ReadAsync(etag));
        Assert.Equal("234", await ReadAsync(etag.Trim('"')));
        Assert.Equal("234", await ReadAsync($"{modified:r}"));
        string[] others = ["\"other\"", "W/" + etag, $"{etag}, \"other\"", "*", "nonsense", $"{modified.AddSeconds(-1):r}", $"{modified.AddSeconds(1):r}"];
        foreach (string other in others) Assert.Equal("0123456789", await ReadAsync(other));

        async Task<string> ReadAsync(string ifRange)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.TryAddWithoutValidation("Range", "bytes=2-4");
            request.Headers.TryAddWithoutValidation("If-Range", ifRange);
            using HttpResponseMessage response = await s3.Anonymous.SendAsync(request, _cancellationToken);
            string content = await response.Content.ReadAsStringAsync(_cancellationToken);
            Assert.Equal(content.Length == 3 ? HttpStatusCode.PartialContent : HttpStatusCode.OK, response.StatusCode);
            return content;
        }
    }

    [Fact]
    public async Task Conditions_of_reads_count_in_the_order_of_the_rfc()
    {
        string url = await PutPublicAsync("x");
        using HttpResponseMessage plain = await s3.Anonymous.GetAsync(new Uri(url), _cancellationToken);
        string etag = plain.Headers.ETag!.Tag;
        const string Past = "Mon, 01 Jan 2001 00:00:00 GMT";
        const string Future = "Fri, 01 Jan 2100 00:00:00 GMT";
        Assert.Equal(200, await StatusAsync(("If-Match", etag), ("If-Unmodified-Since", Past)));
        Assert.Equal(412, await StatusAsync(("If-Match", "\"no\"")));
        Assert.Equal(412, await StatusAsync(("If-Unmodified-Since", Past)));
        Assert.Equal(304, await StatusAsync(("If-None-Match", etag)));
        Assert.Equal(304, await StatusAsync(("If-None-Match", "\"no\", " + etag)));
        Assert.Equal(200, await StatusAsync(("If-None-Match", "\"no\""), ("If-Modified-Since", Future)));
        Assert.Equal(304, await StatusAsync(("If-Modified-Since", Future)));
        Assert.Equal(200, await StatusAsync(("If-Modified-Since", Past)));

        async Task<int> StatusAsync(params (string Name, string Value)[] headers)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            foreach ((string name, string value) in headers) request.Headers.TryAddWithoutValidation(name, value);
            using HttpResponseMessage response = await s3.Anonymous.SendAsync(request, _cancellationToken);
            if (response.StatusCode == HttpStatusCode.NotModified) Assert.Equal(etag, response.Headers.ETag!.Tag);
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public async Task Of_many_writes_if_absent_one_succeeds()
    {
        string bucket = await s3.MakeBucketAsync();
        bool[] won = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await s3.Client.PutObjectAsync(
                    new PutObjectRequest { BucketName = bucket, Key = "lock", ContentBody = $"{i}", IfNoneMatch = "*" }, _cancellationToken);
                return true;
            }
            catch (AmazonS3Exception e) when (e.ErrorCode == "PreconditionFailed")
            {
                return false;
            }
        }));
        Assert.Single(won, w => w);
    }

    [Fact]
    public async Task A_write_on_condition_of_an_etag_needs_that_object()
    {
        string bucket = await s3.MakeBucketAsync();
        await S3Assert.FailsAsync("NoSuchKey", PutAsync("1", "*"));
        PutObjectResponse first = await PutAsync("1", null);
        await PutAsync("2", first.ETag);
        await S3Assert.FailsAsync("PreconditionFailed", PutAsync("3", first.ETag));
        Assert.Equal("2", await ReadAsync(bucket, "k"));

        Task<PutObjectResponse> PutAsync(string content, string? ifMatch) => s3.Client.PutObjectAsync(
            new PutObjectRequest { BucketName = bucket, Key = "k", ContentBody = content, IfMatch = ifMatch }, _cancellationToken);
    }

    [Fact]
    public async Task A_copy_takes_the_metadata_or_replaces_it()
    {
        string bucket = await s3.MakeBucketAsync();
        var put = new PutObjectRequest { BucketName = bucket, Key = "a", ContentBody = "x", ContentType = "text/a" };
        put.Metadata.Add("m", "1");
        await s3.Client.PutObjectAsync(put, _cancellationToken);
        await s3.Client.CopyObjectAsync(bucket, "a", bucket, "b", _cancellationToken);
        GetObjectMetadataResponse copied = await s3.Client.GetObjectMetadataAsync(bucket, "b", _cancellationToken);
        Assert.Equal(("text/a", "1"), (copied.Headers.ContentType, copied.Metadata["m"]));
        var replace = new CopyObjectRequest
        {
            SourceBucket = bucket,
            SourceKey = "a",
            DestinationBucket = bucket,
            DestinationKey = "a",
            MetadataDirective = S3MetadataDirective.REPLACE,
            ContentType = "text/b",
        };
        await s3.Client.CopyObjectAsync(replace, _cancellationToken);
        GetObjectMetadataResponse replaced = await s3.Client.GetObjectMetadataAsync(bucket, "a", _cancellationToken);
        Assert.Equal(("text/b", 0), (replaced.Headers.ContentType, replaced.Metadata.Count));
        await S3Assert.FailsAsync("InvalidRequest", s3.Client.CopyObjectAsync(bucket, "a", bucket, "a", _cancellationToken));
        await S3Assert.FailsAsync("NoSuchKey", s3.Client.CopyObjectAsync(bucket, "none", bucket, "a", _cancellationToken));
    }

    [Fact]
    public async Task Metadata_of_more_than_2_kib_is_too_large()
    {
        string bucket = await s3.MakeBucketAsync();
        foreach ((int length, string answer) in new[] { (2047, "200"), (2048, "MetadataTooLarge") })
        {
            using HttpResponseMessage response = await RawS3.SendAsync(
                s3, HttpMethod.Put, $"/{bucket}/k", "", null, ("x-amz-meta-m", new string('v', length)));
            Assert.Equal(answer, await RawS3.CodeAsync(response));
        }
    }

    [Fact]
    public async Task Tags_are_set_with_the_object_and_later()
    {
        string bucket = await s3.MakeBucketAsync();
        await s3.Client.PutObjectAsync(
            new PutObjectRequest { BucketName = bucket, Key = "k", ContentBody = "", TagSet = [new Tag { Key = "a", Value = "b c&d" }] }, _cancellationToken);
        GetObjectTaggingResponse got = await s3.Client.GetObjectTaggingAsync(
            new GetObjectTaggingRequest { BucketName = bucket, Key = "k" }, _cancellationToken);
        Assert.Equal("b c&d", Assert.Single(got.Tagging).Value);
        var tagging = new Tagging { TagSet = [.. Enumerable.Range(0, 11).Select(i => new Tag { Key = $"{i}", Value = "" })] };
        await S3Assert.FailsAsync("InvalidTag", s3.Client.PutObjectTaggingAsync(
            new PutObjectTaggingRequest { BucketName = bucket, Key = "k", Tagging = tagging }, _cancellationToken));
    }

    [Fact]
    public async Task Many_keys_are_deleted_at_once()
    {
        string bucket = await s3.MakeBucketAsync();
        for (int i = 0; i < 5; i++)
            await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = $"{i}", ContentBody = "" }, _cancellationToken);
        var request = new DeleteObjectsRequest { BucketName = bucket };
        foreach (string key in (string[])["0", "1", "none"]) request.AddKey(key);
        DeleteObjectsResponse deleted = await s3.Client.DeleteObjectsAsync(request, _cancellationToken);
        Assert.Equal(3, deleted.DeletedObjects.Count);
        Assert.Equal(3, (await s3.Client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bucket }, _cancellationToken)).KeyCount);
    }

    [Fact]
    public async Task Streams_come_back_as_they_went_in_signed_in_chunks_or_not() =>
        await Gen.Select(Gen.Int[0, 300_000], Gen.Bool, Gen.Bool).SampleAsync(async (length, isSigned, isChunked) =>
        {
            byte[] bytes = RandomNumberGenerator.GetBytes(length);
            const string Bucket = "chunked-streams";
            await s3.Client.PutBucketAsync(Bucket, _cancellationToken);
            await s3.Client.PutObjectAsync(
                new PutObjectRequest
                {
                    BucketName = Bucket,
                    Key = "k",
                    InputStream = new MemoryStream(bytes),
                    UseChunkEncoding = isChunked,
                    ChecksumAlgorithm = isSigned ? ChecksumAlgorithm.CRC64NVME : ChecksumAlgorithm.SHA1,
                },
                _cancellationToken);
            using GetObjectResponse got = await s3.Client.GetObjectAsync(Bucket, "k", _cancellationToken);
            using var back = new MemoryStream();
            await got.ResponseStream.CopyToAsync(back, _cancellationToken);
            Assert.Equal(bytes, back.ToArray());
        }, iter: 20, threads: 1);

    private async Task<string> PutPublicAsync(string content)
    {
        string bucket = await s3.MakeBucketAsync();
        await s3.Client.PutObjectAsync(
            new PutObjectRequest { BucketName = bucket, Key = "k", ContentBody = content, CannedACL = S3CannedACL.PublicRead }, _cancellationToken);
        return $"{s3.Url}{bucket}/k";
    }

    private async Task<string> ReadAsync(string bucket, string key)
    {
        using GetObjectResponse got = await s3.Client.GetObjectAsync(bucket, key, _cancellationToken);
        using var reader = new StreamReader(got.ResponseStream, Encoding.UTF8);
        return await reader.ReadToEndAsync(_cancellationToken);
    }
}
