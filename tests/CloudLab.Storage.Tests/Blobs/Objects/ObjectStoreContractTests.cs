using System.IO.Pipelines;
using System.Security.Cryptography;
using CloudLab.Storage.Blobs.Objects;
using Xunit;
using static CloudLab.Storage.Tests.Blobs.BlobStoreExtensions;
using static CloudLab.Storage.Tests.Blobs.Objects.StoreExtensions;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>What holds of the object store on any index and disk.</summary>
public abstract class ObjectStoreContractTests : IAsyncLifetime
{
    private StoreHarness _harness = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ObjectStore Store => _harness.Store;

    public async ValueTask InitializeAsync()
    {
        _harness = Open();
        await Store.MakeBucketAsync("b");
    }

    public async ValueTask DisposeAsync()
    {
        await _harness.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected abstract StoreHarness Open();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(131_072)]
    [InlineData(400_000)]
    [InlineData(1_048_576)]
    public async Task What_was_put_is_read_whole_and_in_every_range_plain_and_encrypted(int length)
    {
        var bytes = Bytes(length, length);
        foreach (var encrypt in new[] { false, true })
        {
            var put = await Store.PutAsync("b", "k", bytes, encrypt);
            Assert.Equal(length, put.Length);
            Assert.Equal(Convert.ToHexStringLower(Md5(bytes)), put.ETag);
            await _harness.ReopenAsync();
            Assert.Equal(bytes, Store.Read("b", "k"));
            using var reader = Store.OpenObject("b", "k").Ok();
            foreach (var offset in new[] { 0, 1, 999, 65_535, 65_536, 65_537, 131_072, length - 1 }.Where(o => o >= 0 && o < length))
            {
                foreach (var count in new[] { 1, 2, 65_536, 70_000, length }.Select(c => Math.Min(c, length - offset)))
                    Assert.Equal(bytes[offset..(offset + count)], reader.Read(offset, count));
            }
        }
    }

    [Fact]
    public async Task A_reader_copies_a_range_into_a_pipe()
    {
        var bytes = Bytes(700_000);
        await Store.PutAsync("b", "k", bytes);
        using var reader = Store.OpenObject("b", "k").Ok();
        var pipe = new Pipe();
        var copying = reader.CopyToAsync(pipe.Writer, 12_345, 600_000, Token).AsTask();
        var received = new MemoryStream();
        var drained = Task.Run(() => pipe.Reader.CopyToAsync(received, Token), Token);
        Assert.True(await copying);
        await pipe.Writer.CompleteAsync();
        await drained;
        Assert.Equal(bytes[12_345..612_345], received.ToArray());
    }

    [Fact]
    public async Task Attributes_are_kept_as_given()
    {
        var attributes = new ObjectAttributes
        {
            OwnerId = "someone",
            Headers = [new("Content-Type", "text/plain"), new("Cache-Control", "no-store")],
            Metadata = [new("b", "2"), new("a", "ü")],
            Tags = [new("t", "")],
            StorageClass = "GLACIER",
            Documents = new Dictionary<string, byte[]> { ["acl"] = [1, 2, 3] },
        };
        await Store.PutObjectAsync(new ObjectPut { Bucket = "b", Key = "k", Attributes = attributes }, Stream.Null, Token).OkAsync();
        await Store.ChangeObjectAsync("b", "k", null, new ObjectChange { Tags = [new("x", "y")] }, Token).OkAsync();
        await _harness.ReopenAsync();
        var read = Store.HeadObject("b", "k").Ok().Attributes;
        Assert.Equivalent(attributes with { Tags = [new("x", "y")] }, read, strict: true);
        Assert.Equal(attributes.Metadata, read.Metadata);
    }

    [Fact]
    public async Task A_body_that_is_not_what_was_declared_stores_nothing()
    {
        foreach (var length in new[] { 10, 200_000 })
        {
            var bytes = Bytes(length);
            var wrong = new BodyExpectation[]
            {
                new() { Length = length + 1 },
                new() { Length = length - 1 },
                new() { MaxLength = length - 1 },
                new() { Md5 = new byte[16] },
                new() { Checksums = [ChecksumAlgorithm.Crc32C], Declared = () => [new(ChecksumAlgorithm.Crc32C, new byte[4])] },
                new() { Checksums = [ChecksumAlgorithm.Crc32C], Declared = () => [new(ChecksumAlgorithm.Sha1, new byte[20])] },
            };
            var errors = new[]
            {
                StoreError.IncompleteBody, StoreError.IncompleteBody, StoreError.TooLarge, StoreError.BadDigest, StoreError.BadChecksum,
                StoreError.BadChecksum,
            };
            for (var i = 0; i < wrong.Length; i++)
            {
                var put = new ObjectPut { Bucket = "b", Key = "k", Body = wrong[i] };
                Assert.Equal(errors[i], await Store.PutObjectAsync(put, new MemoryStream(bytes), Token).ErrorAsync());
            }
        }

        Assert.Empty(Store.Keys("b"));
        Assert.Equal(new StoreUsage(0, 0, 1), Store.GetBucketUsage("b"));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(300_000)]
    public async Task Every_checksum_is_computed_and_compared_in_one_pass(int length)
    {
        var bytes = Bytes(length);
        var all = Enum.GetValues<ChecksumAlgorithm>();
        var put = await Store.PutObjectAsync(
            new ObjectPut
            {
                Bucket = "b",
                Key = "k",
                Body = new BodyExpectation
                {
                    Length = length,
                    Md5 = Md5(bytes),
                    Checksums = all,
                    Declared = () => [new(ChecksumAlgorithm.Sha256, SHA256.HashData(bytes)), new(ChecksumAlgorithm.Sha1, Sha1(bytes))],
                },
            },
            new MemoryStream(bytes),
            Token).OkAsync();
        Assert.Equal(all, put.Checksums.Select(c => c.Algorithm));
        Assert.Equal([4, 4, 8, 20, 32], put.Checksums.Select(c => c.Value.Length));
        Assert.Equal(SHA256.HashData(bytes), put.Checksums[4].Value.ToArray());
    }

    [Fact]
    public async Task Conditions_are_checked_when_the_write_commits()
    {
        Assert.Equal(StoreError.NoSuchKey, await Store.TryPutAsync("b", "k", [1], new WriteCondition(IfMatch: "*")).ErrorAsync());
        var first = await Store.TryPutAsync("b", "k", [1], new WriteCondition(IfNoneMatch: "*")).OkAsync();
        Assert.Equal(StoreError.PreconditionFailed, await Store.TryPutAsync("b", "k", [2], new WriteCondition(IfNoneMatch: "*")).ErrorAsync());
        Assert.Equal(StoreError.PreconditionFailed, await Store.TryPutAsync("b", "k", [2], new WriteCondition(IfMatch: "x")).ErrorAsync());
        await Store.TryPutAsync("b", "k", [2], new WriteCondition(IfMatch: first.ETag)).OkAsync();
        Assert.Equal(
            StoreError.PreconditionFailed,
            await Store.DeleteObjectAsync(new ObjectDelete("b", "k", null, new WriteCondition(first.ETag)), Token).ErrorAsync());
        Assert.Equal([2], Store.Read("b", "k"));
    }

    [Fact]
    public async Task Of_many_conditional_writes_at_once_exactly_one_wins()
    {
        var puts = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Store.TryPutAsync("b", "k", Text(i), new WriteCondition(IfNoneMatch: "*"))));
        var winner = Assert.Single(Enumerable.Range(0, 64), i => puts[i].IsOk);
        Assert.Equal(Text(winner), Store.Read("b", "k"));
        Assert.Equal(new StoreUsage(Text(winner).Length, 1, 1), Store.GetBucketUsage("b"));
    }

    [Fact]
    public async Task Readers_beside_writers_see_whole_versions()
    {
        await Store.PutAsync("b", "k", Bytes(150_000, 0));
        var versions = Enumerable.Range(0, 30).Select(i => Bytes(i % 2 == 0 ? 150_000 : 100, i)).ToArray();
        var writer = Task.Run(
            async () =>
            {
                foreach (var version in versions)
                    await Store.PutAsync("b", "k", version);
            },
            Token);
        do
        {
            var read = Store.Read("b", "k");
            Assert.Contains(versions, version => version.AsSpan().SequenceEqual(read));
        }
        while (!writer.IsCompleted);
        await writer;
        Assert.Empty(Store.ListDamaged());
    }

    [Fact]
    public async Task An_open_object_reads_on_after_it_was_replaced_and_deleted()
    {
        var bytes = Bytes(500_000);
        await Store.PutAsync("b", "k", bytes);
        using var reader = Store.OpenObject("b", "k").Ok();
        await Store.PutAsync("b", "k", [1]);
        await Store.DeleteAsync("b", "k").OkAsync();
        Assert.Equal(bytes, reader.Read(0, bytes.Length));
        Assert.Null(Store.Read("b", "k"));
    }

    [Fact]
    public async Task A_bucket_is_made_once_and_removed_only_when_it_is_empty()
    {
        var taken = await Store.CreateBucketAsync(new BucketCreation { Name = "b", OwnerId = "other" }, Token);
        Assert.Equal(new StoreFailure(StoreError.BucketExists, "owner"), taken.Failure);
        await Store.SetVersioningAsync("b", BucketVersioning.Enabled, Token).OkAsync();
        var put = await Store.PutAsync("b", "k", [1]);
        var marker = await Store.DeleteAsync("b", "k").OkAsync();
        Assert.Equal(StoreError.BucketNotEmpty, await Store.DeleteBucketAsync("b", Token).ErrorAsync());
        await Store.DeleteAsync("b", "k", put.VersionId).OkAsync();
        Assert.Equal(StoreError.BucketNotEmpty, await Store.DeleteBucketAsync("b", Token).ErrorAsync());
        await Store.DeleteAsync("b", "k", marker.VersionId).OkAsync();
        await Store.SetBucketConfigurationAsync("b", "cors", [1], Token).OkAsync();
        await Store.CreateUploadAsync(new UploadCreation { Bucket = "b", Key = "k" }, Token).OkAsync();
        await Store.DeleteBucketAsync("b", Token).OkAsync();
        Assert.Equal(StoreError.NoSuchBucket, Store.GetBucket("b").Failure?.Error);
        await Store.MakeBucketAsync("b");
        Assert.Null(Store.GetBucketConfiguration("b", "cors"));
        Assert.Empty(Store.ListUploads(new UploadListing { Bucket = "b" }).Ok().Uploads);
        Assert.Equal(new StoreUsage(0, 0, 1), Store.GetOwnerUsage("owner"));
    }

    [Fact]
    public async Task Buckets_are_listed_by_owner_prefix_and_page()
    {
        foreach (var name in new[] { "a2", "a1", "c" })
            await Store.MakeBucketAsync(name, owner: name == "c" ? "other" : "owner");
        Assert.Equal(["a1", "a2", "b", "c"], Store.ListBuckets(new BucketListing()).Buckets.Select(b => b.Name));
        Assert.Equal(["a1", "a2", "b"], Store.ListBuckets(new BucketListing { OwnerId = "owner" }).Buckets.Select(b => b.Name));
        Assert.Equal(["a1", "a2"], Store.ListBuckets(new BucketListing { Prefix = "a" }).Buckets.Select(b => b.Name));
        var page = Store.ListBuckets(new BucketListing { OwnerId = "owner", MaxBuckets = 2 });
        Assert.Equal("a2", page.Next);
        Assert.Equal(["b"], Store.ListBuckets(new BucketListing { OwnerId = "owner", StartAfter = page.Next }).Buckets.Select(b => b.Name));
    }

    [Fact]
    public async Task Configuration_documents_are_kept_by_kind()
    {
        Assert.Null(Store.GetBucketConfiguration("b", "policy"));
        await Store.SetBucketConfigurationAsync("b", "policy", [1, 2], Token).OkAsync();
        await _harness.ReopenAsync();
        Assert.Equal([1, 2], Store.GetBucketConfiguration("b", "policy"));
        await Store.SetBucketConfigurationAsync("b", "policy", null, Token).OkAsync();
        Assert.Null(Store.GetBucketConfiguration("b", "policy"));
    }

    [Fact]
    public async Task A_quota_limits_bytes_objects_and_buckets_of_an_owner()
    {
        var quota = new StoreQuota(Bytes: 100, Objects: 2, Buckets: 1);
        Assert.Equal(
            new StoreFailure(StoreError.QuotaExceeded, "buckets"),
            (await Store.CreateBucketAsync(new BucketCreation { Name = "c", OwnerId = "owner", Quota = quota }, Token)).Failure);
        Task<StoreResult<ObjectVersion>> Put(string key, int length) => Store.PutObjectAsync(
            new ObjectPut { Bucket = "b", Key = key, Quota = quota }, new MemoryStream(Bytes(length)), Token);
        await Put("k", 60).OkAsync();
        Assert.Equal(new StoreFailure(StoreError.QuotaExceeded, "bytes"), (await Put("l", 41)).Failure);
        await Put("l", 40).OkAsync();
        Assert.Equal(new StoreFailure(StoreError.QuotaExceeded, "objects"), (await Put("m", 0)).Failure);
        await Put("k", 10).OkAsync();
        Assert.Equal(new StoreUsage(50, 2, 1), Store.GetOwnerUsage("owner"));
    }

    [Fact]
    public async Task A_key_that_is_empty_or_not_unicode_is_refused()
    {
        foreach (var key in new[] { "", "a\ud800" })
            await RefuseAsync(key);
    }

    private async Task RefuseAsync(string key)
    {
        Assert.Equal(StoreError.InvalidName, await Store.TryPutAsync("b", key, [1]).ErrorAsync());
        Assert.Equal(StoreError.NoSuchKey, Store.HeadObject("b", key).Failure?.Error);
        Assert.Equal(StoreError.InvalidName, await Store.DeleteAsync("b", key).ErrorAsync());
    }

    [Fact]
    public async Task A_key_may_have_1024_bytes_and_no_more()
    {
        await Store.PutAsync("b", new string('é', 512), [1]);
        Assert.Equal(StoreError.InvalidName, await Store.TryPutAsync("b", new string('é', 512) + "a", [1]).ErrorAsync());
        Assert.Equal([new string('é', 512)], Store.Keys("b"));
    }

    [Fact]
    public async Task A_put_that_is_cancelled_or_whose_body_fails_leaves_nothing()
    {
        await Store.PutAsync("b", "old", [1]);
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var cancelling = new DribblingStream(Bytes(300_000)) { BeforeRead = at => CancelAt(at, cancelled) };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Store.PutObjectAsync(new ObjectPut { Bucket = "b", Key = "old" }, cancelling, cancelled.Token));
        var failing = new DribblingStream(Bytes(300_000)) { BeforeRead = FailAt };
        await Assert.ThrowsAsync<IOException>(() => Store.PutObjectAsync(new ObjectPut { Bucket = "b", Key = "new" }, failing, Token));
        Assert.Equal(["old"], Store.Keys("b"));
        Assert.Equal([1], Store.Read("b", "old"));
        Assert.Null(Store.Status.ReadOnlyReason);
    }

    [Fact]
    public async Task Encrypted_objects_stay_readable_under_their_own_master_key_after_a_rotation()
    {
        await Store.PutAsync("b", "small", Bytes(500), encrypt: true);
        await Store.PutAsync("b", "large", Bytes(200_000), encrypt: true);
        Store.RotateMasterKey();
        await Store.PutAsync("b", "new", Bytes(700), encrypt: true);
        await _harness.ReopenAsync();
        Assert.Equal(Bytes(500), Store.Read("b", "small"));
        Assert.Equal(Bytes(200_000), Store.Read("b", "large"));
        Assert.Equal(Bytes(700), Store.Read("b", "new"));
    }

    private static void CancelAt(int position, CancellationTokenSource source)
    {
        if (position > 200_000)
            source.Cancel();
    }

    private static void FailAt(int position)
    {
        if (position > 200_000)
            throw new IOException("the client went away");
    }
}

/// <summary>The contract on RocksDB and the operating system's files.</summary>
public sealed class RealObjectStoreTests : ObjectStoreContractTests
{
    private protected override StoreHarness Open() => StoreHarness.Real();
}

/// <summary>The contract in memory: that what simulates behaves like what is real.</summary>
public sealed class SimulatedObjectStoreTests : ObjectStoreContractTests
{
    private protected override StoreHarness Open() => StoreHarness.Simulated();
}
