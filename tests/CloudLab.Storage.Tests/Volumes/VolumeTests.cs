using CloudLab.Storage.Volumes;
using Xunit;
using static CloudLab.Storage.Tests.Volumes.VolumeExtensions;

namespace CloudLab.Storage.Tests.Volumes;

/// <summary>What a volume promises to whoever reads and writes it.</summary>
public sealed class VolumeTests
{
    private readonly FaultyBlobStore _blobs = new();
    private readonly VolumeBed _bed;

    public VolumeTests() => _bed = new(_blobs);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 4096)]
    [InlineData(512, 512)]
    [InlineData(4096 - 512, 1024)]
    [InlineData(3 * 512, 3_000_320)]
    public async Task What_was_written_is_read_from_the_log_from_the_store_and_after_reopening(int offset, int length)
    {
        var bytes = Pattern(length, 1);
        await using var store = _bed.OpenStore();
        await VolumeBed.CreateAsync(store);
        var volume = await _bed.OpenAsync(store);
        await volume.WriteAsync((ulong)offset, bytes);
        Assert.Equal(bytes, await volume.ReadAsync((ulong)offset, length));
        Assert.Equal(new byte[512], await volume.ReadAsync((ulong)(offset + length), 512));
        await volume.DrainAsync();
        Assert.Equal(0, volume.Status.PendingBytes);
        Assert.Equal(bytes, await volume.ReadAsync((ulong)offset, length));
        await volume.CloseAsync();
        volume = await _bed.OpenAsync(store);
        Assert.Equal(bytes, await volume.ReadAsync((ulong)offset, length));
        Assert.Equal(new byte[512], await volume.ReadAsync((ulong)(offset + length), 512));
    }

    [Fact]
    public async Task A_volume_that_was_not_closed_has_everything_after_reopening_on_its_host()
    {
        var bytes = Pattern(1 << 20, 2);
        await using (var store = _bed.OpenStore())
        {
            await VolumeBed.CreateAsync(store);
            var volume = await _bed.OpenAsync(store);
            await volume.WriteAsync(0, bytes);
            await volume.DrainAsync();
            await volume.WriteAsync(4096, bytes[..8192]);
        }

        await using var again = _bed.OpenStore();
        var reopened = await _bed.OpenAsync(again);
        bytes[..8192].CopyTo(bytes, 4096);
        Assert.Equal(bytes, await reopened.ReadAsync(0, bytes.Length));
    }

    [Fact]
    public async Task An_empty_volume_of_the_greatest_size_costs_a_few_kilobytes_and_is_written_at_its_end()
    {
        const ulong Size = 16UL << 40;
        await using var store = _bed.OpenStore();
        await VolumeBed.CreateAsync(store, size: Size);
        var volume = await _bed.OpenAsync(store);
        await volume.CloseAsync();
        Assert.InRange(_blobs.Bytes, 1, 16 << 10);
        volume = await _bed.OpenAsync(store);
        await volume.WriteAsync(Size - 4096, Pattern(4096, 3));
        Assert.Null(await volume.DiscardAsync(0, Size - 4096, Token));
        await volume.CloseAsync();
        volume = await _bed.OpenAsync(store);
        Assert.Equal(Pattern(4096, 3), await volume.ReadAsync(Size - 4096, 4096));
        Assert.Null(await volume.DiscardAsync(0, Size, Token));
        await volume.DrainAsync();
        Assert.Equal(new byte[4096], await volume.ReadAsync(Size - 4096, 4096));
    }

    [Fact]
    public async Task What_cannot_be_is_refused()
    {
        await using var store = _bed.OpenStore();
        Assert.Equal(VolumeError.Invalid, await store.CreateAsync(new("vol-1", 512), Token));
        Assert.Equal(VolumeError.Invalid, await store.CreateAsync(new("vol-1", (16UL << 40) + 4096), Token));
        Assert.Equal(VolumeError.Invalid, await store.CreateAsync(new("vol-1", (1 << 20) + 1), Token));
        Assert.Equal(VolumeError.Invalid, await store.CreateAsync(new("../vol", 1 << 20), Token));
        Assert.Equal(VolumeError.Invalid, await store.CreateAsync(new("vol-1", 1 << 20) { SectorSize = 1024 }, Token));
        Assert.Equal(VolumeError.NotFound, await store.CreateAsync(new("vol-1", 1 << 20) { Origin = new("vol-0", "snap-0") }, Token));
        Assert.Equal(VolumeError.NotFound, (await VolumeBed.TryOpenAsync(store, "vol-1", 1)).Error);
        await VolumeBed.CreateAsync(store);
        await VolumeBed.CreateAsync(store);
        Assert.Equal(VolumeError.Exists, await store.CreateAsync(new("vol-1", 1 << 20), Token));
        var volume = await _bed.OpenAsync(store);
        Assert.Equal(VolumeError.Busy, (await VolumeBed.TryOpenAsync(store, "vol-1", 9)).Error);
        Assert.Equal(VolumeError.Busy, await store.DeleteAsync("vol-1", Token));
        Assert.Equal(VolumeError.Invalid, await volume.WriteAsync(VolumeBed.Size, [new byte[512]], Token));
        Assert.Equal(VolumeError.Invalid, await volume.WriteAsync(1, [new byte[512]], Token));
        Assert.Equal(VolumeError.Invalid, await volume.ReadAsync(0, [new byte[100]], Token));
        Assert.Equal(VolumeError.Invalid, await volume.DiscardAsync(0, ulong.MaxValue - 511, Token));
        Assert.Equal(VolumeError.Invalid, await volume.ResizeAsync(1 << 20, Token));
        Assert.Equal(VolumeError.Invalid, await volume.SnapshotAsync("No!", Token));
        await volume.CloseAsync();
        Assert.Equal(VolumeError.Closed, await volume.WriteAsync(0, [new byte[512]], Token));
        Assert.Equal(VolumeError.Closed, await volume.ReadAsync(0, [new byte[512]], Token));
        Assert.Equal(VolumeError.Closed, await volume.FlushAsync(Token));
    }

    [Fact]
    public async Task Zeroes_may_be_written_to_parts_of_blocks()
    {
        await using var store = _bed.OpenStore();
        await VolumeBed.CreateAsync(store);
        var volume = await _bed.OpenAsync(store);
        var expected = Pattern(64 << 10, 4);
        await volume.WriteAsync(0, expected);
        await volume.DrainAsync();
        foreach (var (from, length) in new[] { (512, 512), (3584, 9216), (20480, 8192), (40960 - 512, 512 + 4096) })
        {
            Assert.Null(await volume.WriteZeroesAsync((ulong)from, (ulong)length, Token));
            expected.AsSpan(from, length).Clear();
            Assert.Equal(expected, await volume.ReadAsync(0, expected.Length));
        }

        await volume.CloseAsync();
        Assert.Equal(expected, await (await _bed.OpenAsync(store)).ReadAsync(0, expected.Length));
    }

    [Fact]
    public async Task A_volume_grows_and_keeps_its_size()
    {
        await using var store = _bed.OpenStore();
        await VolumeBed.CreateAsync(store);
        var volume = await _bed.OpenAsync(store);
        var seen = 0UL;
        volume.SizeChanged += () => seen = volume.Size;
        Assert.Null(await volume.ResizeAsync(2 * VolumeBed.Size, Token));
        Assert.Equal(2 * VolumeBed.Size, seen);
        await volume.WriteAsync((2 * VolumeBed.Size) - 512, Pattern(512, 5));
        await volume.DisposeAsync();
        volume = await _bed.OpenAsync(store);
        Assert.Equal(2 * VolumeBed.Size, volume.Size);
        await volume.CloseAsync();
        volume = await _bed.OpenAsync(store);
        Assert.Equal(2 * VolumeBed.Size, volume.Size);
        Assert.Equal(Pattern(512, 5), await volume.ReadAsync((2 * VolumeBed.Size) - 512, 512));
    }

    [Fact]
    public async Task Writers_of_the_sectors_of_a_block_do_not_undo_each_other()
    {
        await using var store = _bed.OpenStore();
        await VolumeBed.CreateAsync(store);
        var volume = await _bed.OpenAsync(store);
        for (var round = 0; round < 20; round++)
        {
            var bytes = Pattern(4096, round);
            await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => volume.WriteAsync((ulong)i * 512, bytes[(i * 512)..((i + 1) * 512)]), Token))
                .Append(Task.Run(() => volume.DrainAsync(), Token)));
            Assert.Equal(bytes, await volume.ReadAsync(0, 4096));
        }
    }

    [Fact]
    public async Task At_the_bound_of_the_log_writes_wait_for_a_store_that_is_away_and_go_on_when_it_is_back()
    {
        await using var store = _bed.OpenStore(options => options with { LogBytes = 1 << 20 });
        await VolumeBed.CreateAsync(store);
        var volume = await _bed.OpenAsync(store);
        _blobs.Before = _ => throw new IOException("away");
        var writing = Task.Run(WriteAllAsync, Token);
        async Task WriteAllAsync()
        {
            for (var written = 0; written < 1024; written++)
                await volume.WriteAsync((ulong)written * 4096, Pattern(4096, written));
        }

        while (volume.Status.PendingBytes < 1 << 20 || volume.Status.Trouble is null)
            await Task.Yield();

        Assert.False(writing.IsCompleted);
        Assert.InRange(volume.Status.PendingBytes, 1 << 20, (1 << 20) + 8192);
        await volume.FlushAsync();
        _blobs.Before = null;
        await writing;
        for (var i = 0; i < 1024; i++)
            Assert.Equal(Pattern(4096, i), await volume.ReadAsync((ulong)i * 4096, 4096));
    }

    [Fact]
    public async Task What_is_written_beside_a_close_is_refused_or_in_the_store()
    {
        var random = new Random(1);
        await using (var store = _bed.OpenStore())
            await VolumeBed.CreateAsync(store);
        var written = 0;
        for (var round = 0; round < 40; round++)
        {
            // Another host each time: what is not in the store is lost. The interval lets the drainer be at work at any moment.
            _bed.ChangeHost();
            await using var store = _bed.OpenStore(options => options with { DrainInterval = TimeSpan.FromMilliseconds(1) });
            var volume = await _bed.OpenAsync(store);
            for (var i = Math.Max(1, written - 511); i <= written; i++)
                Assert.Equal(Pattern(4096, i), await volume.ReadAsync((ulong)(i % 512) * 4096, 4096));
            _blobs.Delay = async () =>
            {
                for (var i = 0; i < 20; i++)
                    await Task.Yield();
            };
            var from = written;
            var writing = Task.Run(WriteUntilClosedAsync, Token);
            while (Volatile.Read(ref written) < from + 1 + random.Next(20))
                await Task.Yield();
            await volume.CloseAsync();
            await writing;

            async Task WriteUntilClosedAsync()
            {
                while (await volume.WriteAsync((ulong)((written + 1) % 512) * 4096, [Pattern(4096, written + 1)], Token) is null)
                    Interlocked.Increment(ref written);
            }
        }
    }

    [Fact]
    public async Task Closing_twice_or_beside_a_disposal_leaves_a_volume_that_opens()
    {
        for (var round = 0; round < 20; round++)
        {
            await using var store = _bed.OpenStore();
            await VolumeBed.CreateAsync(store);
            var volume = await _bed.OpenAsync(store);
            await volume.WriteAsync(0, Pattern(4096, round));
            await volume.FlushAsync();
            var first = Task.Run(() => volume.CloseAsync(Token), Token);
            var second = Task.Run(() => volume.CloseAsync(Token), Token);
            var disposal = round % 2 == 0 ? Task.CompletedTask : Task.Run(() => volume.DisposeAsync().AsTask(), Token);
            try
            {
                await Task.WhenAll(first, second, disposal);
            }
            catch (OperationCanceledException) when (round % 2 != 0)
            {
                // The disposal came first: the log has it.
            }

            await disposal;
            var again = await _bed.OpenAsync(store);
            Assert.Equal(Pattern(4096, round), await again.ReadAsync(0, 4096));
            await again.CloseAsync();
        }
    }

    [Fact]
    public async Task An_opening_that_was_given_up_leaves_the_volume_free()
    {
        await using var store = _bed.OpenStore();
        await VolumeBed.CreateAsync(store);
        using var given = CancellationTokenSource.CreateLinkedTokenSource(Token);
        _blobs.Before = _ => given.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.OpenAsync("vol-1", new(1), given.Token));
        _blobs.Before = null;
        await (await _bed.OpenAsync(store)).CloseAsync();
    }

    [Fact]
    public async Task Trims_without_number_wait_at_a_bound()
    {
        await using var store = _bed.OpenStore();
        await VolumeBed.CreateAsync(store, size: 16UL << 40);
        var volume = await _bed.OpenAsync(store);
        _blobs.Before = _ => throw new IOException("away");
        for (var i = 0UL; i < 65_536; i++)
            Assert.Null(await volume.DiscardAsync(i * 8192, 4096, Token));
        var next = volume.DiscardAsync(0, 4096, Token);
        Assert.False(next.IsCompleted);
        _blobs.Before = null;
        Assert.Null(await next);
    }

    [Fact]
    public async Task Flushes_to_the_store_survive_the_loss_of_the_host()
    {
        await using (var store = _bed.OpenStore())
        {
            await VolumeBed.CreateAsync(store);
            var opened = await store.OpenAsync("vol-1", new(1) { Durability = VolumeDurability.Store }, Token);
            Volume flushed = opened.Value!;
            await flushed.WriteAsync(0, Pattern(8192, 6));
            await flushed.FlushAsync();
        }

        _bed.ChangeHost();
        await using var other = _bed.OpenStore();
        Assert.Equal(VolumeError.Undrained, (await VolumeBed.TryOpenAsync(other, "vol-1", 2)).Error);
        var volume = (await VolumeBed.TryOpenAsync(other, "vol-1", 2, force: true)).Value!;
        Assert.Equal(Pattern(8192, 6), await volume.ReadAsync(0, 8192));
    }
}
