using CloudLab.Storage.Volumes;
using Xunit;
using static CloudLab.Storage.Tests.Volumes.VolumeExtensions;

namespace CloudLab.Storage.Tests.Volumes;

/// <summary>Snapshots, clones, deletion and the space they take.</summary>
public sealed class VolumeSnapshotTests
{
    private readonly FaultyBlobStore _blobs = new();
    private readonly VolumeBed _bed;

    public VolumeSnapshotTests() => _bed = new(_blobs);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_clone_has_the_state_of_the_snapshot_and_goes_its_own_way()
    {
        await using var store = _bed.OpenStore();
        await VolumeBed.CreateAsync(store);
        var volume = await _bed.OpenAsync(store);
        await volume.WriteAsync(0, Pattern(64 << 10, 1));
        await volume.SnapshotAsync(store, "snap-1");
        await volume.WriteAsync(0, Pattern(64 << 10, 2));
        await volume.DrainAsync();
        await VolumeBed.CreateAsync(store, "vol-2", 2 * VolumeBed.Size, new("vol-1", "snap-1"));
        var clone = await _bed.OpenAsync(store, "vol-2");
        Assert.Equal(Pattern(64 << 10, 1), await clone.ReadAsync(0, 64 << 10));
        await clone.WriteAsync(4096, Pattern(4096, 3));
        await clone.SnapshotAsync(store, "snap-2");
        await VolumeBed.CreateAsync(store, "vol-3", 2 * VolumeBed.Size, new("vol-2", "snap-2"));
        var third = await _bed.OpenAsync(store, "vol-3");
        Assert.Equal(Pattern(64 << 10, 1)[..4096], await third.ReadAsync(0, 4096));
        Assert.Equal(Pattern(4096, 3), await third.ReadAsync(4096, 4096));
        Assert.Equal(Pattern(64 << 10, 1)[8192..], await third.ReadAsync(8192, (64 << 10) - 8192));
        Assert.Equal(Pattern(64 << 10, 2), await volume.ReadAsync(0, 64 << 10));
    }

    [Theory]
    [InlineData("vsc")]
    [InlineData("vcs")]
    [InlineData("svc")]
    [InlineData("scv")]
    [InlineData("csv")]
    [InlineData("cvs")]
    public async Task Volume_snapshot_and_clone_are_deleted_in_any_order_and_leave_nothing(string order)
    {
        await using var store = _bed.OpenStore();
        await VolumeBed.CreateAsync(store);
        var volume = await _bed.OpenAsync(store);
        await volume.WriteAsync(0, Pattern(1 << 20, 1));
        await volume.SnapshotAsync(store, "snap-1");
        await volume.WriteAsync(0, Pattern(1 << 19, 2));
        await volume.CloseAsync();
        await VolumeBed.CreateAsync(store, "vol-2", VolumeBed.Size, new("vol-1", "snap-1"));
        var left = order;
        foreach (var what in order)
        {
            Assert.Null(what switch
            {
                'v' => await store.DeleteAsync("vol-1", Token),
                's' => await store.DeleteSnapshotAsync(new("vol-1", "snap-1"), Token),
                _ => await store.DeleteAsync("vol-2", Token),
            });
            Assert.Null(await store.CollectDeletedAsync(Token));
            left = left[1..];
            if (left.Contains('c'))
                await AssertReadsAsync(store, "vol-2", Pattern(1 << 20, 1));
            if (left.Contains('v'))
                await AssertReadsAsync(store, "vol-1", [.. Pattern(1 << 19, 2), .. Pattern(1 << 20, 1)[(1 << 19)..]]);
            if (left.Contains('s'))
            {
                await VolumeBed.CreateAsync(store, "vol-9", VolumeBed.Size, new("vol-1", "snap-1"));
                await AssertReadsAsync(store, "vol-9", Pattern(1 << 20, 1));
                Assert.Null(await store.DeleteAsync("vol-9", Token));
            }
        }

        Assert.Null(await store.CollectDeletedAsync(Token));
        Assert.Empty(_blobs.Names);
    }

    [Fact]
    public async Task A_snapshot_is_pending_until_the_store_has_it_and_survives_the_host_only_then()
    {
        await using (var store = _bed.OpenStore())
        {
            await VolumeBed.CreateAsync(store);
            var volume = await _bed.OpenAsync(store);
            await volume.WriteAsync(0, Pattern(8192, 1));
            _blobs.Before = _ => throw new IOException("away");
            Assert.Null(await volume.SnapshotAsync("snap-1", Token));
            Assert.InRange(Assert.Single(volume.PendingSnapshots()).PendingBytes, 8192, 16384);
        }

        // The process has died. The marker is in the log, and the snapshot is made when the volume is opened again.
        _blobs.Before = null;
        await using var again = _bed.OpenStore();
        Assert.Equal(VolumeError.Undrained, await again.DeleteAsync("vol-1", Token));
        Assert.Null(await again.GetSnapshotAsync(new("vol-1", "snap-1"), Token));
        var reopened = await _bed.OpenAsync(again);
        await reopened.DrainAsync();
        Assert.True((await again.GetSnapshotAsync(new("vol-1", "snap-1"), Token))!.IsCompleted);
        Assert.Empty(reopened.PendingSnapshots());
    }

    [Fact]
    public async Task A_pending_snapshot_that_was_deleted_never_comes()
    {
        await using var store = _bed.OpenStore();
        await VolumeBed.CreateAsync(store);
        var volume = await _bed.OpenAsync(store);
        await volume.WriteAsync(0, Pattern(8192, 1));
        _blobs.Before = operation =>
        {
            if (operation.StartsWith("put", StringComparison.Ordinal))
                throw new IOException("away");
        };
        Assert.Null(await volume.SnapshotAsync("snap-1", Token));
        var deleting = store.DeleteSnapshotAsync(new("vol-1", "snap-1"), Token);
        _blobs.Before = null;
        Assert.Null(await deleting);
        await volume.CloseAsync();
        Assert.Empty(await store.ListSnapshotsAsync("vol-1", Token));
    }

    [Fact]
    public async Task What_was_overwritten_is_collected_and_what_a_snapshot_names_is_not()
    {
        await using var store = _bed.OpenStore();
        await VolumeBed.CreateAsync(store);
        var volume = await _bed.OpenAsync(store);
        var random = new Random(1);
        var first = Pattern(4 << 20, 1);
        await volume.WriteAsync(0, first);
        await volume.SnapshotAsync(store, "snap-1");
        var expected = first.ToArray();
        for (var round = 0; round < 40; round++)
        {
            for (var i = 0; i < 64; i++)
            {
                var block = random.Next(1024);
                var bytes = Pattern(4096, random.Next());
                bytes.CopyTo(expected, block * 4096);
                await volume.WriteAsync((ulong)block * 4096, bytes);
            }

            await volume.DrainAsync();
        }

        await volume.CloseAsync();
        volume = await _bed.OpenAsync(store);
        Assert.Null(await store.CollectAsync("vol-1", Token));
        Assert.Contains(_blobs.Names, name => name.Contains("/packed/", StringComparison.Ordinal));
        Assert.InRange(_blobs.Bytes, 7 << 20, 12 << 20);
        Assert.Equal(expected, await volume.ReadAsync(0, expected.Length));
        await VolumeBed.CreateAsync(store, "vol-2", VolumeBed.Size, new("vol-1", "snap-1"));
        await AssertReadsAsync(store, "vol-2", first);
        Assert.Null(await store.DeleteAsync("vol-2", Token));
        Assert.Null(await store.DeleteSnapshotAsync(new("vol-1", "snap-1"), Token));
        Assert.Null(await store.CollectAsync("vol-1", Token));
        Assert.Null(await store.CollectAsync("vol-1", Token));
        Assert.InRange(_blobs.Bytes, 4 << 20, 6 << 20);
        await volume.CloseAsync();
        await AssertReadsAsync(store, "vol-1", expected);
    }

    [Fact]
    public async Task What_a_collection_left_behind_when_it_was_cut_off_goes_with_the_next()
    {
        await using var store = _bed.OpenStore();
        await VolumeBed.CreateAsync(store);
        var volume = await _bed.OpenAsync(store);
        var expected = Pattern(4 << 20, 1);
        await volume.WriteAsync(0, expected);
        await volume.DrainAsync();
        for (var block = 0; block < 1024; block += 2)
        {
            Pattern(4096, block).CopyTo(expected, block * 4096);
            await volume.WriteAsync((ulong)block * 4096, Pattern(4096, block));
        }

        await volume.CloseAsync();
        volume = await _bed.OpenAsync(store);
        _blobs.Before = operation =>
        {
            if (operation.StartsWith("delete", StringComparison.Ordinal))
                throw new IOException("cut off");
        };
        for (var i = 0; i < 3; i++)
            Assert.Equal(VolumeError.Unavailable, await store.CollectAsync("vol-1", Token));
        _blobs.Before = null;
        Assert.Null(await store.CollectAsync("vol-1", Token));
        Assert.Null(await store.CollectAsync("vol-1", Token));
        Assert.InRange(_blobs.Bytes, 4 << 20, (4 << 20) + (1 << 19));
        Assert.Equal(expected, await volume.ReadAsync(0, expected.Length));
    }

    private async Task AssertReadsAsync(VolumeStore store, string id, byte[] expected)
    {
        var volume = await _bed.OpenAsync(store, id);
        Assert.Equal(expected, await volume.ReadAsync(0, expected.Length));
        await volume.CloseAsync();
    }
}
