using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Quotas;
using CloudLab.Storage.Blobs.Objects;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Server.Tests.S3;

/// <summary>Quotas of accounts, each test with an account of its own.</summary>
public sealed class QuotaTests(S3Fixture s3) : IClassFixture<S3Fixture>
{
    // Too large for the index: it has a file of its own, which a refused write must not leave.
    private const int Large = 100_000;

    private readonly CancellationToken _cancellationToken = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_above_the_quota_are_refused_and_leave_nothing()
    {
        S3Keys keys = await MakeAccountAsync(QuotaName.ObjectBytes, 2 * Large);
        using AmazonS3Client client = s3.ClientOf(keys);
        string bucket = await MakeBucketAsync(client);
        await PutAsync(client, bucket, "a", Large);
        await PutAsync(client, bucket, "b", Large);
        string upload = (await client.InitiateMultipartUploadAsync(bucket, "m", _cancellationToken)).UploadId;
        HashSet<string> files = s3.Files();

        AmazonS3Exception refused = await S3Assert.FailsAsync("QuotaExceeded", PutAsync(client, bucket, "c", Large));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        await S3Assert.FailsAsync("QuotaExceeded", PutAsync(client, bucket, "c", 1));
        await S3Assert.FailsAsync("QuotaExceeded", PutAsync(client, bucket, "b", Large + 1));
        await S3Assert.FailsAsync("QuotaExceeded", client.CopyObjectAsync(bucket, "a", bucket, "c", _cancellationToken));
        await S3Assert.FailsAsync("QuotaExceeded", PutPartAsync(client, bucket, upload, Large));

        Assert.Equal(new StoreUsage(2 * Large, 2, 1), s3.UsageOf(keys));
        Assert.Empty(s3.Files().Except(files));
        Assert.Equal(["a", "b"], await ListAsync(client, bucket));
        await client.DeleteObjectAsync(bucket, "a", _cancellationToken);
        await PutPartAsync(client, bucket, upload, Large);
        await client.AbortMultipartUploadAsync(bucket, "m", upload, _cancellationToken);
        await PutAsync(client, bucket, "c", Large);
        Assert.Equal(new StoreUsage(2 * Large, 2, 1), s3.UsageOf(keys));
    }

    [Fact]
    public async Task What_is_replaced_does_not_count_beside_what_replaces_it()
    {
        S3Keys keys = await MakeAccountAsync(QuotaName.ObjectBytes, Large);
        using AmazonS3Client client = s3.ClientOf(keys);
        string bucket = await MakeBucketAsync(client);
        await PutAsync(client, bucket, "k", Large);
        await PutAsync(client, bucket, "k", Large);
        await PutAsync(client, bucket, "k", 10);
        string upload = (await client.InitiateMultipartUploadAsync(bucket, "m", _cancellationToken)).UploadId;
        await PutPartAsync(client, bucket, upload, Large - 10);
        await PutPartAsync(client, bucket, upload, Large - 10);
        Assert.Equal(Large, s3.UsageOf(keys).Bytes);
        await client.AbortMultipartUploadAsync(bucket, "m", upload, _cancellationToken);

        await client.PutBucketVersioningAsync(
            new PutBucketVersioningRequest { BucketName = bucket, VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled } },
            _cancellationToken);
        await PutAsync(client, bucket, "k", Large - 10);
        await S3Assert.FailsAsync("QuotaExceeded", PutAsync(client, bucket, "k", Large - 10));
    }

    [Fact]
    public async Task Of_writes_at_once_only_those_succeed_that_fit_together()
    {
        S3Keys keys = await MakeAccountAsync(QuotaName.ObjectBytes, 2 * Large);
        using AmazonS3Client client = s3.ClientOf(keys);
        string bucket = await MakeBucketAsync(client);
        HashSet<string> files = s3.Files();
        bool[] stored = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await PutAsync(client, bucket, $"{i}", Large);
                return true;
            }
            catch (AmazonS3Exception e) when (e.ErrorCode == "QuotaExceeded")
            {
                return false;
            }
        }));
        Assert.Equal(2, stored.Count(s => s));
        Assert.Equal(new StoreUsage(2 * Large, 2, 1), s3.UsageOf(keys));
        Assert.Equal(2, s3.Files().Except(files).Count());
    }

    [Fact]
    public async Task Objects_above_the_quota_are_refused_but_deletes_never()
    {
        S3Keys keys = await MakeAccountAsync(QuotaName.Objects, 2);
        using AmazonS3Client client = s3.ClientOf(keys);
        string bucket = await MakeBucketAsync(client);
        await PutAsync(client, bucket, "a", Large);
        await PutAsync(client, bucket, "b", 1);
        HashSet<string> files = s3.Files();
        await S3Assert.FailsAsync("QuotaExceeded", PutAsync(client, bucket, "c", Large));
        await S3Assert.FailsAsync("QuotaExceeded", PutAsync(client, bucket, "c", 0));
        await S3Assert.FailsAsync("QuotaExceeded", client.CopyObjectAsync(bucket, "a", bucket, "c", _cancellationToken));
        Assert.Empty(s3.Files().Except(files));
        Assert.Equal(["a", "b"], await ListAsync(client, bucket));
        await PutAsync(client, bucket, "b", 2);

        // A marker is one more, but whoever is at the limit must be able to delete.
        await client.PutBucketVersioningAsync(
            new PutBucketVersioningRequest { BucketName = bucket, VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled } },
            _cancellationToken);
        DeleteObjectResponse marker = await client.DeleteObjectAsync(bucket, "a", _cancellationToken);
        Assert.Equal(3, s3.UsageOf(keys).Objects);
        await client.DeleteObjectAsync(bucket, "a", marker.VersionId, _cancellationToken);
        await client.DeleteObjectAsync(bucket, "a", "null", _cancellationToken);
        await PutAsync(client, bucket, "c", Large);
        Assert.Equal(2, s3.UsageOf(keys).Objects);
    }

    [Fact]
    public async Task Buckets_above_the_quota_are_refused_and_their_names_stay_free()
    {
        S3Keys keys = await MakeAccountAsync(QuotaName.Buckets, 1);
        using AmazonS3Client client = s3.ClientOf(keys);
        string bucket = await MakeBucketAsync(client);
        string other = "quota-" + Guid.NewGuid().ToString("N");
        AmazonS3Exception refused = await S3Assert.FailsAsync("TooManyBuckets", client.PutBucketAsync(other, _cancellationToken));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal(bucket, Assert.Single((await client.ListBucketsAsync(_cancellationToken)).Buckets).BucketName);
        await s3.Client.PutBucketAsync(other, _cancellationToken);
        await client.DeleteBucketAsync(bucket, _cancellationToken);
        Assert.Equal(new StoreUsage(0, 0, 0), s3.UsageOf(keys));
        await MakeBucketAsync(client);
    }

    private async Task<S3Keys> MakeAccountAsync(QuotaName quota, long limit)
    {
        string name = "quota-" + Guid.NewGuid().ToString("N")[..8];
        NewAccount account = (await s3.Server.Services.GetRequiredService<AccountService>()
            .CreateAsync(null, new CreateAccount { Name = name, AdminName = "admin" }, _cancellationToken)).Value!;
        Assert.True((await s3.Server.Services.GetRequiredService<QuotaService>()
            .SetAsync(account.Account.Id, new Dictionary<QuotaName, long> { [quota] = limit }, _cancellationToken)).IsOk);
        return await s3.MakeKeysAsync(account.Account.Id, new CreateAccessKey { User = account.Admin.Id });
    }

    private async Task<string> MakeBucketAsync(AmazonS3Client client)
    {
        string name = "quota-" + Guid.NewGuid().ToString("N");
        await client.PutBucketAsync(name, _cancellationToken);
        return name;
    }

    private Task<PutObjectResponse> PutAsync(AmazonS3Client client, string bucket, string key, int length) => client.PutObjectAsync(
        new PutObjectRequest { BucketName = bucket, Key = key, InputStream = new MemoryStream(new byte[length]) }, _cancellationToken);

    private Task<UploadPartResponse> PutPartAsync(AmazonS3Client client, string bucket, string upload, int length) => client.UploadPartAsync(
        new UploadPartRequest
        {
            BucketName = bucket,
            Key = "m",
            UploadId = upload,
            PartNumber = 1,
            InputStream = new MemoryStream(new byte[length]),
        },
        _cancellationToken);

    private async Task<string[]> ListAsync(AmazonS3Client client, string bucket) =>
        [.. (await client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bucket }, _cancellationToken)).S3Objects.Select(o => o.Key)];
}
