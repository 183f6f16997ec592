using System.Net;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;

namespace CloudLab.Server.Tests.S3;

public sealed class MultipartTests(S3Fixture s3) : IClassFixture<S3Fixture>
{
    private const int MinPart = 5 << 20;

    private readonly CancellationToken _cancellationToken = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Parts_make_an_object_with_their_etag()
    {
        string bucket = await s3.MakeBucketAsync();
        byte[] first = RandomNumberGenerator.GetBytes(MinPart), second = RandomNumberGenerator.GetBytes(1000);
        string id = await BeginAsync(bucket);
        List<PartETag> parts = [await PutAsync(bucket, id, 2, first), await PutAsync(bucket, id, 7, second)];
        ListPartsResponse listed = await s3.Client.ListPartsAsync(bucket, "k", id, _cancellationToken);
        Assert.Equal([2, 7], listed.Parts.Select(p => p.PartNumber!.Value));
        await CompleteAsync(bucket, id, parts);
        GetObjectMetadataResponse head = await s3.Client.GetObjectMetadataAsync(bucket, "k", _cancellationToken);
        Assert.Equal(MinPart + 1000, head.ContentLength);
        Assert.EndsWith("-2\"", head.ETag, StringComparison.Ordinal);
        using GetObjectResponse last = await s3.Client.GetObjectAsync(new GetObjectRequest { BucketName = bucket, Key = "k", PartNumber = 7 }, _cancellationToken);
        using var bytes = new MemoryStream();
        await last.ResponseStream.CopyToAsync(bytes, _cancellationToken);
        Assert.Equal(second, bytes.ToArray());
        Assert.Equal(2, last.PartsCount);
    }

    [Fact]
    public async Task A_completion_that_does_not_fit_changes_nothing()
    {
        string bucket = await s3.MakeBucketAsync();
        string id = await BeginAsync(bucket);
        PartETag one = await PutAsync(bucket, id, 1, [1]), two = await PutAsync(bucket, id, 2, [2]);
        await S3Assert.FailsAsync("EntityTooSmall", CompleteAsync(bucket, id, [one, two]));
        await S3Assert.FailsAsync("InvalidPart", CompleteAsync(bucket, id, [new PartETag(1, new string('0', 32))]));
        await S3Assert.FailsAsync("InvalidPart", CompleteAsync(bucket, id, [new PartETag(3, two.ETag)]));
        Assert.Equal("InvalidPartOrder", await RawCompleteAsync(bucket, id, two, one));
        await S3Assert.FailsAsync("MalformedXML", CompleteAsync(bucket, id, []));
        await CompleteAsync(bucket, id, [one]);
        Assert.Equal(1, (await s3.Client.GetObjectMetadataAsync(bucket, "k", _cancellationToken)).ContentLength);
    }

    [Fact]
    public async Task A_range_of_another_object_is_a_part()
    {
        string bucket = await s3.MakeBucketAsync();
        byte[] source = RandomNumberGenerator.GetBytes(100_000);
        await s3.Client.PutObjectAsync(
            new PutObjectRequest { BucketName = bucket, Key = "source", InputStream = new MemoryStream(source) }, _cancellationToken);
        string id = await BeginAsync(bucket);
        CopyPartResponse copied = await CopyAsync(10, 50_009);
        await S3Assert.FailsAsync("InvalidRange", CopyAsync(0, 100_000));
        await CompleteAsync(bucket, id, [new PartETag(1, copied.ETag)]);
        using GetObjectResponse got = await s3.Client.GetObjectAsync(bucket, "k", _cancellationToken);
        using var bytes = new MemoryStream();
        await got.ResponseStream.CopyToAsync(bytes, _cancellationToken);
        Assert.Equal(source[10..50_010], bytes.ToArray());

        Task<CopyPartResponse> CopyAsync(long first, long last) => s3.Client.CopyPartAsync(
            new CopyPartRequest
            {
                SourceBucket = bucket,
                SourceKey = "source",
                DestinationBucket = bucket,
                DestinationKey = "k",
                UploadId = id,
                PartNumber = 1,
                FirstByte = first,
                LastByte = last,
            },
            _cancellationToken);
    }

    [Fact]
    public async Task An_aborted_upload_is_gone()
    {
        string bucket = await s3.MakeBucketAsync();
        string id = await BeginAsync(bucket);
        await PutAsync(bucket, id, 1, [1]);
        Assert.Single((await s3.Client.ListMultipartUploadsAsync(bucket, _cancellationToken)).MultipartUploads);
        await s3.Client.AbortMultipartUploadAsync(bucket, "k", id, _cancellationToken);
        await S3Assert.FailsAsync("NoSuchUpload", PutAsync(bucket, id, 2, [1]));
        await S3Assert.FailsAsync(HttpStatusCode.NotFound, s3.Client.GetObjectMetadataAsync(bucket, "k", _cancellationToken));
    }

    [Theory]
    [InlineData("CRC32", "COMPOSITE")]
    [InlineData("CRC32C", "FULL_OBJECT")]
    [InlineData("CRC64NVME", "FULL_OBJECT")]
    [InlineData("SHA256", "COMPOSITE")]
    public async Task Checksums_of_parts_make_the_objects(string algorithm, string type)
    {
        string bucket = await s3.MakeBucketAsync();
        InitiateMultipartUploadResponse begun = await s3.Client.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest
            {
                BucketName = bucket,
                Key = "k",
                ChecksumAlgorithm = new ChecksumAlgorithm(algorithm),
                ChecksumType = new ChecksumType(type),
            },
            _cancellationToken);
        var parts = new List<PartETag>();
        foreach ((int number, byte[] bytes) in new[] { (1, new byte[MinPart]), (2, new byte[] { 1 }) })
        {
            parts.Add(new PartETag(await s3.Client.UploadPartAsync(
                new UploadPartRequest
                {
                    BucketName = bucket,
                    Key = "k",
                    UploadId = begun.UploadId,
                    PartNumber = number,
                    InputStream = new MemoryStream(bytes),
                    ChecksumAlgorithm = new ChecksumAlgorithm(algorithm),
                },
                _cancellationToken)));
        }

        await CompleteAsync(bucket, begun.UploadId, parts);
        GetObjectMetadataResponse head = await s3.Client.GetObjectMetadataAsync(
            new GetObjectMetadataRequest { BucketName = bucket, Key = "k", ChecksumMode = ChecksumMode.ENABLED }, _cancellationToken);
        Assert.Equal(type, head.ChecksumType.Value);
        string value = (head.ChecksumCRC32 ?? head.ChecksumCRC32C ?? head.ChecksumCRC64NVME ?? head.ChecksumSHA256)!;
        Assert.Equal(type == "COMPOSITE", value.EndsWith("-2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_completion_may_declare_the_objects_checksum()
    {
        string bucket = await s3.MakeBucketAsync();
        string id = (await s3.Client.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest { BucketName = bucket, Key = "k", ChecksumAlgorithm = ChecksumAlgorithm.SHA256 }, _cancellationToken)).UploadId;
        byte[] bytes = [1, 2, 3];
        UploadPartResponse part = await s3.Client.UploadPartAsync(
            new UploadPartRequest
            {
                BucketName = bucket,
                Key = "k",
                UploadId = id,
                PartNumber = 1,
                InputStream = new MemoryStream(bytes),
                ChecksumAlgorithm = ChecksumAlgorithm.SHA256,
            },
            _cancellationToken);
        string right = Convert.ToBase64String(SHA256.HashData(SHA256.HashData(bytes))) + "-1";
        string wrong = Convert.ToBase64String(new byte[32]) + "-1";
        await S3Assert.FailsAsync("BadDigest", CompleteDeclaredAsync(wrong));
        Assert.Equal(right, (await CompleteDeclaredAsync(right)).ChecksumSHA256);

        Task<CompleteMultipartUploadResponse> CompleteDeclaredAsync(string declared) => s3.Client.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest
            {
                BucketName = bucket,
                Key = "k",
                UploadId = id,
                PartETags = [new PartETag(part)],
                ChecksumSHA256 = declared,
            },
            _cancellationToken);
    }

    private async Task<string> BeginAsync(string bucket) =>
        (await s3.Client.InitiateMultipartUploadAsync(bucket, "k", _cancellationToken)).UploadId;

    private async Task<PartETag> PutAsync(string bucket, string id, int number, byte[] bytes) => new(await s3.Client.UploadPartAsync(
        new UploadPartRequest { BucketName = bucket, Key = "k", UploadId = id, PartNumber = number, InputStream = new MemoryStream(bytes) },
        _cancellationToken));

    private Task<CompleteMultipartUploadResponse> CompleteAsync(string bucket, string id, List<PartETag> parts) =>
        s3.Client.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest { BucketName = bucket, Key = "k", UploadId = id, PartETags = parts }, _cancellationToken);

    /// <summary>Names the parts in the given order, which the SDK would sort.</summary>
    private async Task<string> RawCompleteAsync(string bucket, string id, params PartETag[] parts)
    {
        string body = "<CompleteMultipartUpload>"
            + string.Concat(parts.Select(p => $"<Part><PartNumber>{p.PartNumber}</PartNumber><ETag>{p.ETag}</ETag></Part>"))
            + "</CompleteMultipartUpload>";
        using HttpResponseMessage response = await RawS3.SendAsync(s3, HttpMethod.Post, $"/{bucket}/k?uploadId={id}", body);
        return await RawS3.CodeAsync(response);
    }
}
