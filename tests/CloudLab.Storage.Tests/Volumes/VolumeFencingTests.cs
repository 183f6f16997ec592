using CloudLab.Storage.Blobs;
using CloudLab.Storage.Tests.Blobs.Objects;
using CloudLab.Storage.Volumes;
using Xunit;
using static CloudLab.Storage.Tests.Volumes.VolumeExtensions;

namespace CloudLab.Storage.Tests.Volumes;

/// <summary>Two hosts that both believe they own a volume: the store itself decides. On each kind of store.</summary>
public abstract class VolumeFencingTests
{
    protected abstract IBlobStore Blobs { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_writer_with_an_older_epoch_is_shut_out_and_changes_nothing()
    {
        var bed = new VolumeBed(Blobs);
        await using var first = bed.OpenStore();
        await VolumeBed.CreateAsync(first);
        var old = (await VolumeBed.TryOpenAsync(first, "vol-1", 1)).Value!;
        await old.WriteAsync(0, Pattern(4096, 1));
        await old.DrainAsync();
        await old.WriteAsync(4096, Pattern(4096, 2));
        await old.FlushAsync();

        bed.ChangeHost();
        await using var second = bed.OpenStore();
        Assert.Equal(VolumeError.Undrained, (await VolumeBed.TryOpenAsync(second, "vol-1", 2)).Error);
        var taken = (await VolumeBed.TryOpenAsync(second, "vol-1", 2, force: true)).Value!;
        Assert.Equal(VolumeError.Fenced, await old.DrainAsync(Token));
        Assert.Equal(VolumeError.Fenced, await old.WriteAsync(0, [new byte[4096]], Token));
        Assert.Equal(VolumeError.Fenced, old.Status.Failure);
        Assert.Equal(Pattern(4096, 1), await taken.ReadAsync(0, 4096));
        Assert.Equal(new byte[4096], await taken.ReadAsync(4096, 4096));
        await taken.WriteAsync(4096, Pattern(4096, 3));
        await taken.CloseAsync();
        await old.DisposeAsync();
        Assert.Equal(VolumeError.Fenced, (await VolumeBed.TryOpenAsync(first, "vol-1", 1)).Error);
        var back = (await VolumeBed.TryOpenAsync(first, "vol-1", 3)).Value!;
        Assert.Equal(Pattern(4096, 3), await back.ReadAsync(4096, 4096));
    }

    [Fact]
    public async Task Of_many_who_take_over_at_once_only_the_last_can_write()
    {
        var bed = new VolumeBed(Blobs);
        await using (var store = bed.OpenStore())
        {
            await VolumeBed.CreateAsync(store);
            await (await bed.OpenAsync(store)).CloseAsync();
        }

        var stores = new List<VolumeStore>();
        for (var i = 0; i < 4; i++)
        {
            bed.ChangeHost();
            stores.Add(bed.OpenStore());
        }

        var opened = await Task.WhenAll(stores.Select((store, i) => VolumeBed.TryOpenAsync(store, "vol-1", 10, force: true)));
        var wrote = new List<Volume>();
        foreach (var volume in opened.Where(result => result.IsOk).Select(result => result.Value!))
        {
            if (await volume.WriteAsync(0, [Pattern(4096, 7)], Token) is null && await volume.DrainAsync(Token) is null)
                wrote.Add(volume);
        }

        Assert.Equal(Pattern(4096, 7), await Assert.Single(wrote).ReadAsync(0, 4096));
        foreach (var store in stores)
            await store.DisposeAsync();
    }
}

/// <summary>On plain files.</summary>
public sealed class FileVolumeFencingTests : VolumeFencingTests, IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("cloudlab-volumes-");
    private readonly FileBlobStore _store;

    public FileVolumeFencingTests() => _store = FileBlobStore.Open(_directory.FullName, TimeProvider.System);

    protected override IBlobStore Blobs => _store;

    public void Dispose()
    {
        _store.Dispose();
        _directory.Delete(recursive: true);
    }
}

/// <summary>On a bucket of the object store.</summary>
public sealed class BucketVolumeFencingTests : VolumeFencingTests, IAsyncLifetime
{
    private readonly StoreHarness _harness = StoreHarness.Real();
    private BucketBlobStore? _store;

    protected override IBlobStore Blobs => _store!;

    public async ValueTask InitializeAsync() =>
        _store = await BucketBlobStore.OpenAsync(_harness.Store, "system", "", TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _harness.DisposeAsync();
}
