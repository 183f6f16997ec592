using CloudLab.Storage.Blobs.Objects;
using Xunit;
using static CloudLab.Storage.Tests.Blobs.BlobStoreExtensions;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>Disks that refuse.</summary>
public sealed class StoreFaultTests : IAsyncLifetime
{
    private const int NoSpace = 28;
    private const int InputOutput = 5;

    private readonly StoreHarness _harness = StoreHarness.Simulated();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ObjectStore Store => _harness.Store;

    public async ValueTask InitializeAsync()
    {
        await Store.MakeBucketAsync("b");
        await Store.PutAsync("b", "small", [1]);
        await Store.PutAsync("b", "large", Bytes(200_000));
    }

    public ValueTask DisposeAsync() => _harness.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task A_disk_that_fills_up_in_the_middle_of_a_write_fails_that_put_and_leaves_nothing_of_it(int writes)
    {
        var files = _harness.Disk.FilePaths().ToList();
        _harness.Disk.BeforeWrite = () =>
        {
            if (--writes <= 0)
                throw new IOException("No space left on device", NoSpace);
        };
        Assert.Equal(StoreError.StorageFull, await Store.TryPutAsync("b", "large", Bytes(300_000, 1)).ErrorAsync());
        _harness.Disk.BeforeWrite = null;
        Assert.Equal(files, _harness.Disk.FilePaths());
        Assert.Null(Store.Status.ReadOnlyReason);
        Assert.Equal(Bytes(200_000), Store.Read("b", "large"));
        await Store.PutAsync("b", "large", Bytes(300_000, 1));
        Assert.Equal(Bytes(300_000, 1), Store.Read("b", "large"));
    }

    [Fact]
    public async Task Another_error_of_a_write_fails_that_put_only()
    {
        _harness.Disk.BeforeWrite = () => throw new IOException("Input/output error", InputOutput);
        Assert.Equal(StoreError.Io, await Store.TryPutAsync("b", "new", Bytes(300_000)).ErrorAsync());
        _harness.Disk.BeforeWrite = null;
        await Store.PutAsync("b", "new", Bytes(300_000));
    }

    [Fact]
    public async Task What_would_leave_less_than_the_reserve_is_refused_before_it_is_written()
    {
        _harness.Disk.Free = _harness.Options.ReservedDiskBytes - 1;
        Assert.Equal(StoreError.StorageFull, await Store.TryPutAsync("b", "small", [2]).ErrorAsync());
        Assert.Equal([1], Store.Read("b", "small"));
        await Store.DeleteAsync("b", "large").OkAsync();
    }

    [Fact]
    public async Task A_sync_that_fails_turns_the_store_read_only_and_loses_nothing()
    {
        _harness.Disk.BeforeSync = () => throw new IOException("Input/output error", InputOutput);
        var refused = await Store.TryPutAsync("b", "large", Bytes(300_000, 1));
        Assert.Equal(StoreError.ReadOnly, refused.Failure?.Error);
        Assert.Contains("Input/output error", Store.Status.ReadOnlyReason, StringComparison.Ordinal);
        _harness.Disk.BeforeSync = null;
        await RefusesWritesAsync();
        await _harness.ReopenAsync();
        Assert.Null(Store.Status.ReadOnlyReason);
        ReadsWhatWasAcknowledged();
        await Store.PutAsync("b", "small", [3]);
    }

    [Fact]
    public async Task A_write_of_the_index_that_fails_turns_the_store_read_only_and_loses_nothing()
    {
        _harness.Index.BeforeWrite = () => throw new IOException("Input/output error", InputOutput);
        Assert.Equal(StoreError.ReadOnly, await Store.TryPutAsync("b", "large", Bytes(300_000, 1)).ErrorAsync());
        _harness.Index.BeforeWrite = null;
        await RefusesWritesAsync();
        await _harness.ReopenAsync();
        ReadsWhatWasAcknowledged();
        await Eventually.BecomesAsync(() => _harness.Disk.FilePaths().Count(path => path.Contains("/files/", StringComparison.Ordinal)), 1);
    }

    private async Task RefusesWritesAsync()
    {
        Assert.Equal(StoreError.ReadOnly, await Store.TryPutAsync("b", "small", [2]).ErrorAsync());
        Assert.Equal(StoreError.ReadOnly, await Store.DeleteAsync("b", "small").ErrorAsync());
        Assert.Equal(StoreError.ReadOnly, await Store.CreateBucketAsync(new BucketCreation { Name = "c", OwnerId = "" }, Token).ErrorAsync());
        ReadsWhatWasAcknowledged();
    }

    private void ReadsWhatWasAcknowledged()
    {
        Assert.Equal([1], Store.Read("b", "small"));
        Assert.Equal(Bytes(200_000), Store.Read("b", "large"));
        Assert.Equal(["large", "small"], Store.Keys("b"));
    }
}
