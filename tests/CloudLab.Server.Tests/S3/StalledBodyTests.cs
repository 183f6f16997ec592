using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using CloudLab.Server.Tests.Harness;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.Tests.S3;

/// <summary>Clients that stop in the middle of a body.</summary>
public sealed class StalledBodyTests(ImpatientS3Fixture s3) : IClassFixture<ImpatientS3Fixture>
{
    private readonly CancellationToken _cancellationToken = TestContext.Current.CancellationToken;

    // In the index, in a file of its own, and one of which so much has come that its average rate is good for long.
    [Theory]
    [InlineData(1000, 10)]
    [InlineData(1000, 0)]
    [InlineData(300_000, 100_000)]
    [InlineData(20_000_000, 10_000_000)]
    public async Task An_upload_that_stands_still_is_given_up_and_leaves_nothing(int length, int sent)
    {
        string bucket = await MakePublicAsync();
        HashSet<string> files = s3.Files();
        StoreUsage usage = s3.UsageOf(s3.Main);

        await StallAsync($"PUT /{bucket}/k HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n", sent);

        await AssertUnchangedAsync(bucket, files, usage);
    }

    [Fact]
    public async Task A_chunked_upload_that_stands_still_is_given_up_and_leaves_nothing()
    {
        string bucket = await MakePublicAsync();
        HashSet<string> files = s3.Files();
        StoreUsage usage = s3.UsageOf(s3.Main);

        await StallAsync(
            $"PUT /{bucket}/k HTTP/1.1\r\nHost: x\r\nContent-Length: 300100\r\nContent-Encoding: aws-chunked\r\n"
            + "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\nx-amz-decoded-content-length: 300000\r\n\r\n493e0\r\n",
            100_000);

        await AssertUnchangedAsync(bucket, files, usage);
    }

    [Fact]
    public async Task A_part_that_stands_still_is_given_up_and_leaves_nothing()
    {
        string bucket = await MakePublicAsync();
        string upload = (await s3.Client.InitiateMultipartUploadAsync(bucket, "m", _cancellationToken)).UploadId;
        HashSet<string> files = s3.Files();
        StoreUsage usage = s3.UsageOf(s3.Main);

        await StallAsync($"PUT /{bucket}/m?partNumber=1&uploadId={upload} HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n", 100_000);

        await AssertUnchangedAsync(bucket, files, usage);
        Assert.Empty((await s3.Client.ListPartsAsync(bucket, "m", upload, _cancellationToken)).Parts ?? []);
    }

    [Fact]
    public async Task An_object_stays_when_what_should_replace_it_stands_still()
    {
        string bucket = await MakePublicAsync();
        await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = "k", ContentBody = "old" }, _cancellationToken);

        await StallAsync($"PUT /{bucket}/k HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n", 100_000);

        Assert.Equal(3, (await s3.Client.GetObjectMetadataAsync(bucket, "k", _cancellationToken)).ContentLength);
    }

    [Fact]
    public async Task A_document_that_stands_still_is_given_up_and_changes_nothing()
    {
        string bucket = await MakePublicAsync();
        await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = "k", ContentBody = "old" }, _cancellationToken);

        await StallAsync(
            $"POST /{bucket}?delete HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n<Delete><Object><Key>k</Key></Object></Delete>", 0);

        Assert.Equal(3, (await s3.Client.GetObjectMetadataAsync(bucket, "k", _cancellationToken)).ContentLength);
    }

    private async Task StallAsync(string head, int sent)
    {
        using RawConnection connection = await RawConnection.OpenAsync(s3.Url);
        await connection.SendAsync(head);
        if (sent > 0) Assert.True(await connection.SendAsync(new byte[sent]));
        RawResponse? answer = await connection.ReadAsync();
        Assert.Equal(400, answer?.Status);
        Assert.Contains("<Code>RequestTimeout</Code>", answer!.Text, StringComparison.Ordinal);
        await connection.ReadToCloseAsync();
        Assert.True(connection.IsClosed);
    }

    private async Task AssertUnchangedAsync(string bucket, HashSet<string> files, StoreUsage usage)
    {
        await S3Assert.FailsAsync(HttpStatusCode.NotFound, s3.Client.GetObjectMetadataAsync(bucket, "k", _cancellationToken));
        Assert.Empty(s3.Files().Except(files));
        Assert.Equal(usage, s3.UsageOf(s3.Main));
    }

    private Task<string> MakePublicAsync() => s3.MakeBucketAsync(b => b.CannedACL = S3CannedACL.PublicReadWrite);
}
