using CloudLab.Storage.Blobs.Objects;
using CsCheck;
using Xunit;
using static CloudLab.Storage.Tests.Blobs.BlobStoreExtensions;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>Bits that flip and files that are cut or vanish are found by reads and by the scrub.</summary>
public sealed class StoreCorruptionTests : IAsyncLifetime
{
    private readonly StoreHarness _harness = StoreHarness.Simulated();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ObjectStore Store => _harness.Store;

    private string FilePath => _harness.Disk.FilePaths().Single(path => path.Contains("/files/", StringComparison.Ordinal));

    public async ValueTask InitializeAsync() => await Store.MakeBucketAsync("b");

    public ValueTask DisposeAsync() => _harness.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_flipped_bit_anywhere_in_a_file_is_found_by_a_read_and_quarantined(bool encrypt)
    {
        var content = Bytes(150_000);
        var random = new Random(1);
        for (var round = 0; round < 60; round++)
        {
            await Store.PutAsync("b", "other", Bytes(2000, 5));
            await Store.DeleteAsync("b", "k").OkAsync();
            await Store.DeleteAsync("b", "other").OkAsync();
            await Eventually.BecomesAsync(() => _harness.Disk.FilePaths().Count(p => !p.Contains("/keys/", StringComparison.Ordinal)), 0);
            await Store.PutAsync("b", "k", content, encrypt);
            var path = FilePath;
            // The header's padding means nothing; everything else does.
            int at;
            do
                at = random.Next(_harness.Disk.Bytes(path).Length);
            while (at is >= 24 and < 4096);
            _harness.Disk.Bytes(path)[at] ^= (byte)(1 << random.Next(8));
            Assert.Equal(StoreError.Damaged, ReadError("k"));
            await Eventually.BecomesAsync(() => Store.ListDamaged().Count, 1);
            var damaged = Store.ListDamaged().Single();
            Assert.Equal(("b", "k", "null"), (damaged.Bucket, damaged.Key, damaged.VersionId));
            await Eventually.BecomesAsync(() => _harness.Disk.FilePaths().Contains(damaged.QuarantinePath), true);
            Assert.Equal(StoreError.Damaged, Store.OpenObject("b", "k").Failure?.Error);
            Assert.Equal(["k"], Store.Keys("b"));
            Assert.Equal(1, Store.Status.DamagedObjects);
        }
    }

    [Fact]
    public async Task Any_flipped_bit_of_a_small_object_is_found()
    {
        await Store.PutAsync("b", "k", Bytes(300));
        await Store.PutAsync("b", "other", Bytes(400));
        var key = _harness.Index.Keys.First(key => key[0] == (byte)'d');
        for (var bit = 0; bit < 8 * 300; bit += 7)
        {
            _harness.Index.Flip(key, bit);
            Assert.Equal(StoreError.Damaged, ReadError("k"));
            Assert.Equal(Bytes(400), Store.Read("b", "other"));
            _harness.Index.Flip(key, bit);
        }

        await Eventually.BecomesAsync(() => Store.ListDamaged().Count, 1);
    }

    [Fact]
    public async Task A_flipped_bit_of_a_record_is_found_and_hides_no_other_object()
    {
        await Store.PutAsync("b", "k", [1]);
        await Store.PutAsync("b", "l", [2]);
        var key = _harness.Index.Keys.First(key => key[0] == (byte)'o');
        for (var bit = 16; bit < 400; bit += 3)
        {
            _harness.Index.Flip(key, bit);
            Assert.Equal(StoreError.Damaged, Store.HeadObject("b", "k").Failure?.Error);
            Assert.Equal(StoreError.Damaged, await Store.TryPutAsync("b", "k", [3]).ErrorAsync());
            Assert.Equal(["k", "l"], Store.Keys("b"));
            Assert.Equal([2], Store.Read("b", "l"));
            _harness.Index.Flip(key, bit);
        }

        Assert.Equal([1], Store.Read("b", "k"));
    }

    [Fact]
    public Task However_a_file_is_cut_or_extended_it_is_not_served() => Gen.Int[0, 160_000].SampleAsync(
        async length =>
        {
            await using var harness = StoreHarness.Simulated();
            await harness.Store.MakeBucketAsync("b");
            await harness.Store.PutAsync("b", "k", Bytes(150_000));
            var path = harness.Disk.FilePaths().Single(p => p.Contains("/files/", StringComparison.Ordinal));
            if (length == harness.Disk.Bytes(path).Length)
                return;
            Array.Resize(ref harness.Disk.Bytes(path), length);
            Assert.Equal(StoreError.Damaged, harness.Store.OpenObject("b", "k").Failure?.Error);
        },
        iter: 50);

    [Fact]
    public async Task The_scrub_finds_damage_in_objects_versions_and_parts_and_touches_nothing_else()
    {
        await Store.SetVersioningAsync("b", BucketVersioning.Enabled, Token).OkAsync();
        await Store.PutAsync("b", "good", Bytes(150_000));
        await Store.PutAsync("b", "old", Bytes(5000, 1));
        await Store.PutAsync("b", "old", Bytes(10, 2));
        var upload = await Store.CreateUploadAsync(new UploadCreation { Bucket = "b", Key = "up" }, Token).OkAsync();
        var put = new PartPut { Bucket = "b", Key = "up", UploadId = upload.UploadId, Number = 1 };
        await Store.PutPartAsync(put, new MemoryStream(Bytes(7000, 3)), Token).OkAsync();
        await Store.ScrubAsync(Token);
        Assert.Empty(Store.ListDamaged());
        Assert.Equal((162_010L, 4L, 1L), (Store.Status.ScrubbedBytes, Store.Status.ScrubbedObjects, Store.Status.ScrubPasses));

        foreach (var path in _harness.Disk.FilePaths().Where(path => _harness.Disk.Bytes(path).Length < 20_000))
            _harness.Disk.Bytes(path)[4100] ^= 4;
        await Store.ScrubAsync(Token);
        Assert.Equal(["old", $"part 1 of upload {upload.UploadId[..16]}"], Store.ListDamaged().Select(damaged => damaged.Key));
        Assert.Equal(Bytes(150_000), Store.Read("b", "good"));
        Assert.Equal(Bytes(10, 2), Store.Read("b", "old"));

        // Once known, it is not found again; deleted, it is forgotten, in quarantine too.
        await Store.ScrubAsync(Token);
        Assert.Equal(2, Store.ListDamaged().Count);
        foreach (var version in Store.ListVersions(new VersionListing { Bucket = "b" }).Ok().Versions)
            await Store.DeleteAsync("b", version.Key, version.VersionId).OkAsync();
        await Store.AbortUploadAsync("b", "up", upload.UploadId, Token).OkAsync();
        await Eventually.BecomesAsync(() => Store.ListDamaged().Count, 0);
        await Eventually.BecomesAsync(() => _harness.Disk.FilePaths().Count(), 0);
    }

    [Fact]
    public async Task A_lost_file_is_damage()
    {
        await Store.PutAsync("b", "k", Bytes(5000));
        _harness.Disk.Delete(FilePath);
        Assert.Equal(StoreError.Damaged, Store.OpenObject("b", "k").Failure?.Error);
        await Eventually.BecomesAsync(() => Store.ListDamaged().Count, 1);
        await Store.PutAsync("b", "k", Bytes(5000, 1));
        Assert.Equal(Bytes(5000, 1), Store.Read("b", "k"));
        Assert.Empty(Store.ListDamaged());
    }

    [Fact]
    public async Task A_copy_of_a_damaged_object_is_refused_and_leaves_nothing()
    {
        await Store.PutAsync("b", "k", Bytes(150_000));
        using var reader = Store.OpenObject("b", "k").Ok();
        _harness.Disk.Bytes(FilePath)[100_000] ^= 1;
        Assert.Null(reader.Prefetch(0, 10));
        Assert.Equal(StoreError.Damaged, reader.Prefetch(100_000, 10)?.Error);
        Assert.Equal(
            StoreError.Damaged, await Store.CopyObjectAsync(new ObjectPut { Bucket = "b", Key = "copy" }, reader, Token).ErrorAsync());
        Assert.Equal(["k"], Store.Keys("b"));
    }

    private StoreError? ReadError(string key)
    {
        var opened = Store.OpenObject("b", key);
        if (!opened.IsOk)
            return opened.Failure.Error;
        using var reader = opened.Value;
        try
        {
            reader.Read(0, reader.Version.Length);
            return null;
        }
        catch (InvalidDataException)
        {
            return StoreError.Damaged;
        }
    }
}
