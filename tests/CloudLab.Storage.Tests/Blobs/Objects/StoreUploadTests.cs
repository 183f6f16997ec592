using CloudLab.Storage.Blobs.Checksums;
using CloudLab.Storage.Blobs.Objects;
using Xunit;
using static CloudLab.Storage.Tests.Blobs.BlobStoreExtensions;

namespace CloudLab.Storage.Tests.Blobs.Objects;

public sealed class StoreUploadTests : IAsyncLifetime
{
    private readonly StoreHarness _harness = StoreHarness.Simulated();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ObjectStore Store => _harness.Store;

    public async ValueTask InitializeAsync() => await Store.MakeBucketAsync("b");

    public ValueTask DisposeAsync() => _harness.DisposeAsync();

    [Fact]
    public async Task Completed_parts_are_one_object_in_every_range_without_being_copied()
    {
        var upload = await CreateAsync(null);
        var parts = await PutAsync(upload, (1, 3000), (7, 70_000), (10_000, 5));
        var files = _harness.Disk.FilePaths().Count();
        var completed = await CompleteAsync(upload, parts);
        Assert.Equal(files, _harness.Disk.FilePaths().Count());
        Assert.Equal((73_005L, 3), (completed.Length, completed.PartCount));
        var md5s = parts.SelectMany(part => Convert.FromHexString(part.ETag)).ToArray();
        Assert.Equal($"{Convert.ToHexStringLower(StoreExtensions.Md5(md5s))}-3", completed.ETag);
        byte[] whole = [.. Bytes(3000, 1), .. Bytes(70_000, 7), .. Bytes(5, 10_000)];
        using var reader = Store.OpenObject("b", "k").Ok();
        foreach (var offset in new[] { 0, 1, 2999, 3000, 3001, 68_535, 72_999, 73_000, 73_004 })
        {
            foreach (var count in new[] { 1, 2, 3000, 73_005 }.Select(c => Math.Min(c, whole.Length - offset)))
                Assert.Equal(whole[offset..(offset + count)], reader.Read(offset, count));
        }

        var listed = Store.ListObjectParts("b", "k", null, 0, 2).Ok();
        Assert.True(listed.IsTruncated);
        Assert.Equal([(1, 0L), (7, 3000L)], listed.Parts.Select(part => (part.Number, part.Offset)));
    }

    [Theory]
    [InlineData(ChecksumAlgorithm.Crc32, false)]
    [InlineData(ChecksumAlgorithm.Crc64Nvme, false)]
    [InlineData(ChecksumAlgorithm.Crc32C, true)]
    [InlineData(ChecksumAlgorithm.Sha256, true)]
    public async Task The_whole_checksum_is_that_of_the_bytes_or_of_the_parts_checksums(ChecksumAlgorithm algorithm, bool isComposite)
    {
        var upload = await CreateAsync(algorithm, isComposite);
        var parts = await PutAsync(upload, (1, 3000), (2, 70_000), (3, 5));
        byte[] covered = isComposite
            ? [.. parts.SelectMany(part => part.Checksums!.Single(c => c.Algorithm == algorithm).Value.ToArray())]
            : [.. Bytes(3000, 1), .. Bytes(70_000, 2), .. Bytes(5, 3)];
        using var digests = new BodyDigests([algorithm]);
        digests.Append(covered);
        var expected = digests.Checksums()[0].Value;
        var wrong = Completion(upload, parts) with { Declared = new ObjectChecksum(algorithm, new byte[expected.Length], isComposite) };
        Assert.Equal(StoreError.BadChecksum, await Store.CompleteUploadAsync(wrong, Token).ErrorAsync());
        var completed = await CompleteAsync(upload, parts);
        var checksum = Assert.Single(completed.Checksums);
        Assert.Equal(expected.ToArray(), checksum.Value.ToArray());
        Assert.Equal(isComposite, checksum.IsComposite);
    }

    [Fact]
    public async Task A_completion_is_refused_when_it_does_not_name_what_was_uploaded()
    {
        var upload = await CreateAsync(null);
        var parts = await PutAsync(upload, (1, 10), (2, 20));
        async Task<StoreError?> Try(params CompletedPart[] named) =>
            await Store.CompleteUploadAsync(Completion(upload, named) with { MinPartLength = 15 }, Token).ErrorAsync();
        Assert.Equal(StoreError.InvalidArgument, await Try());
        Assert.Equal(StoreError.InvalidPartOrder, await Try(parts[1], parts[0]));
        Assert.Equal(StoreError.InvalidPartOrder, await Try(parts[1], parts[1]));
        Assert.Equal(StoreError.InvalidPart, await Try(parts[0] with { Number = 3 }));
        Assert.Equal(StoreError.InvalidPart, await Try(parts[0] with { ETag = parts[1].ETag }));
        Assert.Equal(StoreError.PartTooSmall, await Try(parts[0], parts[1]));
        var elsewhere = Completion(upload, parts) with { Key = "other" };
        Assert.Equal(StoreError.NoSuchUpload, await Store.CompleteUploadAsync(elsewhere, Token).ErrorAsync());
        Assert.Empty(Store.Keys("b"));
        Assert.Null(await Try(parts[1]));
        Assert.Equal(Bytes(20, 2), Store.Read("b", "k"));
        Assert.Equal(new StoreUsage(20, 1, 1), Store.GetBucketUsage("b"));
    }

    [Fact]
    public async Task A_completion_that_is_repeated_succeeds_again()
    {
        var upload = await CreateAsync(null);
        var parts = await PutAsync(upload, (1, 10));
        var first = await CompleteAsync(upload, parts);
        Assert.Equal(first.ETag, (await CompleteAsync(upload, parts)).ETag);
        Assert.Equal(StoreError.NoSuchUpload, await PartErrorAsync(upload, 1));
        await Store.DeleteAsync("b", "k").OkAsync();
        Assert.Equal(StoreError.NoSuchUpload, await Store.CompleteUploadAsync(Completion(upload, parts), Token).ErrorAsync());
    }

    [Fact]
    public async Task An_aborted_upload_leaves_nothing()
    {
        var upload = await CreateAsync(null);
        await PutAsync(upload, (1, 10), (2, 20_000), (2, 30_000));
        Assert.Equal(new StoreUsage(30_010, 2, 1), Store.GetBucketUsage("b"));
        await Store.AbortUploadAsync("b", "k", upload.UploadId, Token).OkAsync();
        Assert.Equal(StoreError.NoSuchUpload, await Store.AbortUploadAsync("b", "k", upload.UploadId, Token).ErrorAsync());
        Assert.Equal(new StoreUsage(0, 0, 1), Store.GetBucketUsage("b"));
        await Eventually.BecomesAsync(() => _harness.Disk.FilePaths().Count(), 0);
        await Eventually.BecomesAsync(() => _harness.Index.Keys.Count(key => key[0] is (byte)'p' or (byte)'d' or (byte)'g'), 0);
    }

    [Fact]
    public async Task The_parts_of_a_replaced_object_stay_until_its_last_reader_has_gone()
    {
        var upload = await CreateAsync(null);
        await CompleteAsync(upload, await PutAsync(upload, (1, 3000), (2, 4000), (3, 5)));
        var reader = Store.OpenObject("b", "k").Ok();
        await Store.PutAsync("b", "k", [1]);
        Assert.Equal([.. Bytes(3000, 1), .. Bytes(4000, 2), .. Bytes(5, 3)], reader.Read(0, 7005));
        reader.Dispose();
        await Eventually.BecomesAsync(() => _harness.Disk.FilePaths().Count(), 0);
    }

    [Fact]
    public async Task A_range_of_an_object_is_copied_into_a_part()
    {
        await Store.PutAsync("b", "source", Bytes(100_000));
        var upload = await CreateAsync(null);
        using var source = Store.OpenObject("b", "source").Ok();
        var put = new PartPut { Bucket = "b", Key = "k", UploadId = upload.UploadId, Number = 1 };
        Assert.Equal(StoreError.InvalidRange, await Store.CopyPartAsync(put, source, 50_000, 50_001, Token).ErrorAsync());
        var part = await Store.CopyPartAsync(put, source, 50_000, 50_000, Token).OkAsync();
        await CompleteAsync(upload, [new CompletedPart(1, part.ETag)]);
        Assert.Equal(Bytes(100_000)[50_000..], Store.Read("b", "k"));
    }

    private Task<MultipartUpload> CreateAsync(ChecksumAlgorithm? algorithm, bool isComposite = true) => Store.CreateUploadAsync(
        new UploadCreation { Bucket = "b", Key = "k", ChecksumAlgorithm = algorithm, IsCompositeChecksum = isComposite }, Token).OkAsync();

    private async Task<CompletedPart[]> PutAsync(MultipartUpload upload, params (int Number, int Length)[] lengths)
    {
        var parts = new List<CompletedPart>();
        foreach (var (number, length) in lengths)
        {
            var put = new PartPut { Bucket = "b", Key = "k", UploadId = upload.UploadId, Number = number };
            var part = await Store.PutPartAsync(put, new MemoryStream(Bytes(length, number)), Token).OkAsync();
            parts.Add(new CompletedPart(number, part.ETag, part.Checksums));
        }

        return [.. parts];
    }

    private Task<StoreError?> PartErrorAsync(MultipartUpload upload, int number) => Store.PutPartAsync(
        new PartPut { Bucket = "b", Key = "k", UploadId = upload.UploadId, Number = number }, new MemoryStream([1]), Token).ErrorAsync();

    private static UploadCompletion Completion(MultipartUpload upload, CompletedPart[] parts) =>
        new() { Bucket = "b", Key = "k", UploadId = upload.UploadId, Parts = parts, MinPartLength = 0 };

    private Task<ObjectVersion> CompleteAsync(MultipartUpload upload, CompletedPart[] parts) =>
        Store.CompleteUploadAsync(Completion(upload, parts), Token).OkAsync();
}
