using CloudLab.Storage.Volumes;
using Xunit;
using static CloudLab.Storage.Tests.Volumes.VolumeExtensions;

namespace CloudLab.Storage.Tests.Volumes;

/// <summary>Bits that flip in the store and on the disk are found, reported and spread nowhere.</summary>
public sealed class VolumeCorruptionTests
{
    private readonly FaultyBlobStore _blobs = new();
    private readonly VolumeBed _bed;

    public VolumeCorruptionTests() => _bed = new(_blobs);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flipped_bit_in_any_object_is_never_read_as_data()
    {
        await using (var store = _bed.OpenStore())
        {
            await VolumeBed.CreateAsync(store);
            var volume = await _bed.OpenAsync(store);
            await volume.WriteAsync(0, Pattern(64 << 10, 1));
            await volume.CloseAsync();
        }

        var names = _blobs.Names.Where(name => name.Contains("/log/", StringComparison.Ordinal)).ToList();
        foreach (var name in names)
        {
            for (var at = 7; at < 4112 * 3; at += 509)
            {
                await using var store = _bed.OpenStore();
                try
                {
                    _blobs.Flip(name, at);
                }
                catch (IndexOutOfRangeException)
                {
                    break;
                }

                var opened = await VolumeBed.TryOpenAsync(store, "vol-1", 1000);
                if (!opened.IsOk)
                {
                    Assert.Equal(VolumeError.Corrupted, opened.Error);
                }
                else
                {
                    var bytes = new byte[64 << 10];
                    if (await opened.Value.ReadAsync(0, [bytes], Token) is { } error)
                    {
                        Assert.Equal(VolumeError.Corrupted, error);
                        Assert.Equal(VolumeError.Corrupted, await opened.Value.WriteAsync(0, [new byte[512]], Token));
                    }
                    else
                    {
                        Assert.Equal(Pattern(64 << 10, 1), bytes);
                    }

                    await opened.Value.DisposeAsync();
                }

                _blobs.Flip(name, at);
            }
        }
    }

    [Fact]
    public async Task Damage_to_one_volume_leaves_the_others_alone()
    {
        await using var store = _bed.OpenStore();
        foreach (var id in new[] { "vol-1", "vol-2" })
        {
            await VolumeBed.CreateAsync(store, id);
            var volume = await _bed.OpenAsync(store, id);
            await volume.WriteAsync(0, Pattern(8192, 1));
            await volume.CloseAsync();
        }

        _blobs.Remove(_blobs.Names.First(name => name.StartsWith("volumes/vol-1/log/", StringComparison.Ordinal) && name.EndsWith('2')));
        var damaged = await _bed.OpenAsync(store, "vol-1");
        var whole = await _bed.OpenAsync(store, "vol-2");
        Assert.Equal(VolumeError.Corrupted, await damaged.ReadAsync(0, [new byte[4096]], Token));
        Assert.Equal(VolumeError.Corrupted, await damaged.WriteAsync(0, [new byte[4096]], Token));
        Assert.Equal(Pattern(8192, 1), await whole.ReadAsync(0, 8192));
        await whole.WriteAsync(0, Pattern(8192, 2));
        await whole.CloseAsync();
    }

    [Fact]
    public async Task A_flipped_bit_in_what_was_flushed_to_the_log_is_reported_and_by_force_the_store_alone_counts()
    {
        await using (var store = _bed.OpenStore())
        {
            await VolumeBed.CreateAsync(store);
            var volume = await _bed.OpenAsync(store);
            for (var i = 0; i < 4; i++)
            {
                await volume.WriteAsync((ulong)i * 4096, Pattern(4096, i));
                await volume.FlushAsync();
            }
        }

        var segment = _bed.Disk.FilePaths().Single(path => path.EndsWith(".log", StringComparison.Ordinal));
        _bed.Disk.Bytes(segment)[64 + (4096 + 128) + 1000] ^= 1; // In the second record.
        await using var again = _bed.OpenStore();
        Assert.Equal(VolumeError.Corrupted, (await VolumeBed.TryOpenAsync(again, "vol-1", 1000)).Error);
        var forced = (await VolumeBed.TryOpenAsync(again, "vol-1", 1001, force: true)).Value!;
        Assert.Equal(new byte[4096], await forced.ReadAsync(0, 4096));
    }
}
