using CloudLab.Storage.Blobs.Objects;
using CsCheck;
using Xunit;
using static CloudLab.Storage.Tests.Blobs.BlobStoreExtensions;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>Programs whose power is cut before every single operation of the disk or the index in turn.</summary>
public sealed class StoreCrashTests
{
    private static readonly string[] Keys = ["a", "b", "c"];

    private static readonly Gen<CrashStep> Steps = Gen.Select(
        Gen.OneOf(Keys), Gen.Frequency((1, Gen.Const(-1)), (4, Gen.OneOf(0, 10, 1500, 70_000)), (2, Gen.Const(-2))), Gen.Int[0, 1000], Gen.Bool,
        (key, length, seed, encrypt) => new CrashStep(key, length, seed, encrypt));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task After_a_power_cut_at_any_point_every_key_has_its_last_acknowledged_object_whole() =>
        Gen.Select(Steps.Array[1, 4], Gen.Int).SampleAsync(
            async (program, seed) =>
            {
                var operations = await RunAsync(program, int.MaxValue, seed);
                for (var cut = 0; cut < operations; cut++)
                    await RunAsync(program, cut, seed + cut);
            },
            iter: 15,
            threads: 2);

    [Fact]
    public async Task A_large_put_waits_for_its_directory_before_the_index_refers_to_it()
    {
        await using var harness = StoreHarness.Simulated();
        await harness.Store.MakeBucketAsync("bucket");
        await harness.Store.PutAsync("bucket", "first", Bytes(2000));
        using var fileSynced = new ManualResetEventSlim();
        var isNamed = false;
        var wasNamed = new List<bool>();
        harness.Disk.BeforeSync = fileSynced.Set;
        harness.Index.BeforeWrite = () => wasNamed.Add(Volatile.Read(ref isNamed));
        harness.Disk.BeforeDirectorySync = _ =>
        {
            // The content is durable, and a put that did not wait would now commit.
            fileSynced.Wait(Token);
            for (var i = 0; i < 100_000 && wasNamed.Count == 0; i++)
                Thread.Yield();
            Volatile.Write(ref isNamed, true);
        };
        await harness.Store.PutAsync("bucket", "second", Bytes(2000));
        harness.Disk.BeforeDirectorySync = null;
        Assert.Equal([true], wasNamed);
    }

    /// <summary>Plays the program up to the cut, loses what was not synced, opens what is left and compares.</summary>
    private static async Task<int> RunAsync(CrashStep[] program, int cut, int seed)
    {
        await using var harness = StoreHarness.Simulated();
        await harness.Store.MakeBucketAsync("bucket");
        harness.Index.BeforeWrite = harness.Disk.Tick;
        var start = harness.Disk.Operations;
        harness.Disk.CutAfter = cut == int.MaxValue ? cut : start + cut;
        var acknowledged = Keys.ToDictionary(key => key, _ => (byte[]?)null);
        (string Key, byte[]? Bytes)? inFlight = null;
        foreach (var step in program)
        {
            inFlight = (step.Key, step.Content);
            if (!await TryAsync(harness.Store, step))
                break;
            acknowledged[step.Key] = step.Content;
            inFlight = null;
        }

        var operations = harness.Disk.Operations - start;
        harness.Disk.CutAfter = Math.Min(harness.Disk.CutAfter, harness.Disk.Operations);
        await harness.Store.DisposeAsync();
        harness.Disk.LosePower(new Random(seed));
        harness.Abandon();
        foreach (var key in Keys)
        {
            var read = harness.Store.Read("bucket", key);
            if (inFlight?.Key == key && read.AsSpan().SequenceEqual(inFlight.Value.Bytes) && read is null == inFlight.Value.Bytes is null)
                acknowledged[key] = read;
            Assert.Equal(acknowledged[key], read);
        }

        Assert.Equal(acknowledged.Where(entry => entry.Value is not null).Select(entry => entry.Key).Order(), harness.Store.Keys("bucket"));
        await CheckCleanSlateAsync(harness);
        return operations;
    }

    /// <summary>When everything is deleted and collected, nothing is left of what was interrupted either.</summary>
    private static async Task CheckCleanSlateAsync(StoreHarness harness)
    {
        foreach (var key in Keys)
            await harness.Store.DeleteAsync("bucket", key).OkAsync();
        foreach (var upload in harness.Store.ListUploads(new UploadListing { Bucket = "bucket" }).Ok().Uploads)
            await harness.Store.AbortUploadAsync("bucket", upload.Key, upload.UploadId, Token).OkAsync();
        Assert.Equal(new StoreUsage(0, 0, 1), harness.Store.GetBucketUsage("bucket"));
        await Eventually.BecomesAsync(() => harness.Disk.FilePaths().Count(path => path.Contains("/files/", StringComparison.Ordinal)), 0);
        await Eventually.BecomesAsync(() => harness.Index.Keys.Count(key => key[0] is (byte)'p' or (byte)'d' or (byte)'f' or (byte)'g'), 0);
    }

    private static async Task<bool> TryAsync(ObjectStore store, CrashStep step)
    {
        try
        {
            if (step.Content is null)
                return (await store.DeleteAsync("bucket", step.Key)).IsOk;
            return step.IsMultipart
                ? await MultipartAsync(store, step)
                : (await store.TryPutAsync("bucket", step.Key, step.Content, null, step.Encrypt)).IsOk;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task<bool> MultipartAsync(ObjectStore store, CrashStep step)
    {
        var creation = new UploadCreation { Bucket = "bucket", Key = step.Key, Attributes = new ObjectAttributes { Encrypt = step.Encrypt } };
        if ((await store.CreateUploadAsync(creation, Token)).Value is not { } upload)
            return false;
        var parts = new List<CompletedPart>();
        foreach (var (number, bytes) in step.Parts)
        {
            var put = new PartPut { Bucket = "bucket", Key = step.Key, UploadId = upload.UploadId, Number = number };
            if ((await store.PutPartAsync(put, new MemoryStream(bytes), Token)).Value is not { } part)
                return false;
            if (number != 2)
                parts.Add(new CompletedPart(number, part.ETag));
        }

        var completion = new UploadCompletion { Bucket = "bucket", Key = step.Key, UploadId = upload.UploadId, Parts = parts, MinPartLength = 0 };
        return (await store.CompleteUploadAsync(completion, Token)).IsOk;
    }

    /// <summary>A put, a delete (length -1) or a multipart upload whose second part is not used (length -2).</summary>
    private sealed record CrashStep(string Key, int Length, int Seed, bool Encrypt)
    {
        public bool IsMultipart => Length == -2;

        public (int Number, byte[] Bytes)[] Parts => [(1, Bytes(5000, Seed)), (2, Bytes(2000, Seed + 1)), (3, Bytes(100, Seed + 2))];

        public byte[]? Content => Length == -1 ? null : IsMultipart ? [.. Parts[0].Bytes, .. Parts[2].Bytes] : Bytes(Length, Seed);
    }
}
