using System.Globalization;
using CloudLab.Storage.Volumes;
using CsCheck;
using Xunit;
using static CloudLab.Storage.Tests.Volumes.VolumeExtensions;

namespace CloudLab.Storage.Tests.Volumes;

/// <summary>Long random histories beside a model in memory: writes, flushes, discards, snapshots, clones, collections, crashes and faults.</summary>
public sealed class VolumeHistoryTests
{
    private const int Blocks = 64;
    private const int BlockBytes = 4096;
    private const int Steps = 120;

    /// <summary>More of them than in the suite when CLOUDLAB_SOAK_VOLUMES says how many.</summary>
    private static readonly int Histories =
        int.TryParse(Environment.GetEnvironmentVariable("CLOUDLAB_SOAK_VOLUMES"), CultureInfo.InvariantCulture, out var count) ? count : 60;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Nothing_that_was_acknowledged_is_lost_when_the_store_fails_and_the_process_dies() =>
        Gen.Int.Sample(seed => RunAsync(seed, losesPower: false).GetAwaiter().GetResult(), iter: Histories, threads: 2);

    [Fact]
    public void Nothing_that_was_flushed_is_lost_when_the_power_is_cut() =>
        Gen.Int.Sample(seed => RunAsync(seed, losesPower: true).GetAwaiter().GetResult(), iter: Histories, threads: 2);

    /// <summary>
    /// The model is the list of all states since the last flush: after a power cut any of them may be there, after the death of the
    /// process only the last, and after the loss of the log any state that was ever.
    /// </summary>
    private static async Task RunAsync(int seed, bool losesPower)
    {
        var random = new Random(seed);
        var blobs = new FaultyBlobStore();
        var bed = new VolumeBed(blobs);
        var store = bed.OpenStore();
        await VolumeBed.CreateAsync(store, size: Blocks * BlockBytes * 4);
        var volume = await bed.OpenAsync(store);
        var states = new List<byte[]> { new byte[Blocks * BlockBytes] };
        var history = new List<byte[]>(states);
        var snapshots = new Dictionary<string, byte[]>();
        Fail(blobs, random);
        for (var step = 0; step < Steps; step++)
        {
            var now = states[^1].ToArray();
            switch (random.Next(16))
            {
                case < 6:
                    var sectors = random.Next(1, 24);
                    var at = random.Next((Blocks * 8) - sectors + 1) * 512;
                    var bytes = Pattern(sectors * 512, random.Next());
                    states.AddRange(Parts(now, at, bytes));
                    if (await TryAsync(() => volume.WriteAsync((ulong)at, [bytes.AsMemory(0, 512), bytes.AsMemory(512)], Token)))
                        bytes.CopyTo(now, at);
                    else
                        now = await ReadAllAsync(volume, blobs); // A part of it may have been written.
                    states.Add(now);
                    break;
                case 6:
                    var first = random.Next(Blocks);
                    var count = random.Next(1, Blocks - first + 1);
                    if (await TryAsync(() => volume.DiscardAsync((ulong)first * BlockBytes, (ulong)count * BlockBytes, Token)))
                    {
                        now.AsSpan(first * BlockBytes, count * BlockBytes).Clear();
                        states.Add(now);
                    }

                    break;
                case 7 or 8:
                    await volume.FlushAsync();
                    states.RemoveRange(0, states.Count - 1);
                    break;
                case 9:
                    await volume.DrainAsync();
                    states.RemoveRange(0, states.Count - 1);
                    break;
                case 10:
                    var id = $"snap-{step}";
                    Assert.Null(await volume.SnapshotAsync(id, Token));
                    snapshots[id] = now;
                    states.RemoveRange(0, states.Count - 1);
                    break;
                case 11 when snapshots.Count > 2:
                    var gone = snapshots.Keys.ElementAt(random.Next(snapshots.Count));
                    while (await store.DeleteSnapshotAsync(new("vol-1", gone), Token) is not null)
                    {
                    }

                    snapshots.Remove(gone);
                    break;
                case 12:
                    await store.CollectAsync("vol-1", Token);
                    break;
                case 13:
                    // The process dies, or the power goes; the volume comes back.
                    blobs.Before = blobs.After = null;
                    if (losesPower)
                        bed.Disk.CutAfter = 0;
                    await store.DisposeAsync();
                    if (losesPower)
                        bed.Disk.LosePower(random);
                    store = bed.OpenStore();
                    volume = await bed.OpenAsync(store);
                    now = await ReadAllAsync(volume, blobs);
                    AssertIsOneOf(losesPower ? states : [states[^1]], now);
                    states = [now];
                    Fail(blobs, random);
                    break;
                case 14:
                    AssertIsOneOf([now], await ReadAllAsync(volume, blobs));
                    break;
                default:
                    blobs.Before = blobs.After = null;
                    Assert.Null(await volume.CloseAsync(Token));
                    volume = await bed.OpenAsync(store);
                    AssertIsOneOf([now], await ReadAllAsync(volume, blobs));
                    states = [now];
                    Fail(blobs, random);
                    break;
            }

            history.Add(states[^1]);
        }

        blobs.Before = blobs.After = null;
        await volume.DrainAsync();
        await CheckClonesAsync(bed, store, snapshots);
        await LoseHostAsync(bed, store, volume, random, history);
        await store.DisposeAsync();
    }

    /// <summary>Sectors are written whole, a write is not: the part of a block at its beginning and the whole blocks go ahead of the rest.</summary>
    private static IEnumerable<byte[]> Parts(byte[] before, int at, byte[] bytes)
    {
        var end = at + bytes.Length;
        foreach (var cut in new[] { (at + BlockBytes - 1) / BlockBytes * BlockBytes, end / BlockBytes * BlockBytes })
        {
            if (cut <= at || cut >= end)
                continue;
            var part = before.ToArray();
            bytes.AsSpan(0, cut - at).CopyTo(part.AsSpan(at));
            yield return part;
        }
    }

    private static async Task CheckClonesAsync(VolumeBed bed, VolumeStore store, Dictionary<string, byte[]> snapshots)
    {
        Assert.Equal(snapshots.Keys.Order(), (await store.ListSnapshotsAsync("vol-1", Token)).Select(snapshot => snapshot.Id).Order());
        foreach (var (id, expected) in snapshots)
        {
            await VolumeBed.CreateAsync(store, "c-" + id, Blocks * BlockBytes * 4, new("vol-1", id));
            var clone = await bed.OpenAsync(store, "c-" + id);
            AssertIsOneOf([expected], await clone.ReadAsync(0, expected.Length));
            await clone.CloseAsync();
            Assert.Null(await store.DeleteAsync("c-" + id, Token));
        }
    }

    /// <summary>The log is lost with the host: a state that was is there, and the volume works on.</summary>
    private static async Task LoseHostAsync(VolumeBed bed, VolumeStore store, Volume volume, Random random, List<byte[]> history)
    {
        for (var i = 0; i < 5; i++)
        {
            var next = history[^1].ToArray();
            var bytes = Pattern(BlockBytes, random.Next());
            var at = random.Next(Blocks) * BlockBytes;
            bytes.CopyTo(next, at);
            await volume.WriteAsync((ulong)at, bytes);
            history.Add(next);
            if (i == 2)
                await volume.DrainAsync();
        }

        await store.DisposeAsync();
        bed.ChangeHost();
        await using var other = bed.OpenStore();
        Assert.Equal(VolumeError.Undrained, (await VolumeBed.TryOpenAsync(other, "vol-1", 1000)).Error);
        var taken = (await VolumeBed.TryOpenAsync(other, "vol-1", 1000, force: true)).Value!;
        AssertIsOneOf([history[^3]], await taken.ReadAsync(0, Blocks * BlockBytes));
        await taken.CloseAsync();
    }

    /// <summary>The store refuses, or does what it was told and says that it did not.</summary>
    private static void Fail(FaultyBlobStore blobs, Random random)
    {
        var dice = new Random(random.Next());
        var failing = 0;
        void Roll(string operation)
        {
            lock (dice)
            {
                if (failing == 0 && dice.Next(12) == 0)
                    failing = dice.Next(1, 3);
                else if (failing > 0 && --failing >= 0)
                    throw new IOException("The store does not answer.");
            }
        }

        blobs.Before = Roll;
        blobs.After = Roll;
    }

    private static async Task<bool> TryAsync(Func<ValueTask<VolumeError?>> action) => await action() switch
    {
        null => true,
        VolumeError.Unavailable => false,
        var other => throw new InvalidOperationException($"Unexpected: {other}"),
    };

    private static async Task<byte[]> ReadAllAsync(Volume volume, FaultyBlobStore blobs)
    {
        var (before, after) = (blobs.Before, blobs.After);
        (blobs.Before, blobs.After) = (null, null);
        var bytes = await volume.ReadAsync(0, Blocks * BlockBytes);
        (blobs.Before, blobs.After) = (before, after);
        return bytes;
    }

    private static void AssertIsOneOf(IEnumerable<byte[]> states, byte[] found)
    {
        if (states.Any(state => state.AsSpan().SequenceEqual(found)))
            return;
        var nearest = states.Last();
        var wrong = Enumerable.Range(0, Blocks).Where(i => !nearest.AsSpan(i * BlockBytes, BlockBytes).SequenceEqual(found.AsSpan(i * BlockBytes, BlockBytes)));
        Assert.Fail($"What is there never was; against the last state, blocks {string.Join(", ", wrong)} are wrong.");
    }
}
