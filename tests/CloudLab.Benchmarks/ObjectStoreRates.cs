using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Benchmarks;

/// <summary>The object store's engine beside what its disk and one core can do at most, in one run on one disk.</summary>
internal static class ObjectStoreRates
{
    /// <summary>What this program calls itself with, to fill a store and be killed.</summary>
    public const string FillVerb = "blobs-fill";

    /// <summary>The bucket that is filled.</summary>
    public const string Bucket = "bench";

    private const int Small = 4 << 10;
    private const int Large = 64 << 20;
    private const int Writers = 64;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <param name="parent">Where the disk to be measured is; null for the temporary directory.</param>
    public static async Task RunAsync(string? parent, int keys)
    {
        var directory = Path.Combine(parent ?? Path.GetTempPath(), $"cloudlab-bench-{Guid.NewGuid():n}");
        Directory.CreateDirectory(directory);
        try
        {
            await using (var store = Open(directory))
            {
                await store.CreateBucketAsync(new BucketCreation { Name = Bucket, OwnerId = "" }, default);
                await PutSmallAsync(store, directory);
                await GetSmallAsync(store);
                await PutLargeAsync(store, directory);
                await GetLargeAsync(store);
            }

            await ListAndReopenAsync(Path.Combine(directory, "many"), keys);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Puts keys of 100 directories until all are there, says so, and waits to be killed.</summary>
    public static async Task FillAsync(string directory, int keys)
    {
        await using var store = Open(directory);
        await store.CreateBucketAsync(new BucketCreation { Name = Bucket, OwnerId = "" }, default);
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, 512).Select(async _ =>
        {
            for (var i = Interlocked.Increment(ref next); i < keys; i = Interlocked.Increment(ref next))
                await PutAsync(store, KeyOf(i), new byte[100]);
        }));
        Console.WriteLine("filled");
        await Task.Delay(Timeout.Infinite);
    }

    public static ObjectStore Open(string directory) =>
        ObjectStore.Open(new ObjectStoreOptions { Directory = directory, ScrubBytesPerSecond = 0 }, TimeProvider.System);

    private static string KeyOf(int i) => string.Create(CultureInfo.InvariantCulture, $"prefix/dir{i % 2000:d5}/object{i:d8}");

    private static async Task PutAsync(ObjectStore store, string key, byte[] bytes)
    {
        var put = new ObjectPut { Bucket = Bucket, Key = key, Body = new BodyExpectation { Length = bytes.Length } };
        if (!(await store.PutObjectAsync(put, new MemoryStream(bytes), default)).IsOk)
            throw new InvalidOperationException($"{key} was not stored.");
    }

    private static async Task PutSmallAsync(ObjectStore store, string directory)
    {
        var bytes = RandomNumberGenerator.GetBytes(Small);
        var clock = Stopwatch.StartNew();
        var created = 0;
        for (; clock.Elapsed < Period; created++)
        {
            using var file = File.OpenHandle(Path.Combine(directory, $"loop-{created}"), FileMode.CreateNew, FileAccess.Write);
            RandomAccess.Write(file, bytes, 0);
            RandomAccess.FlushToDisk(file);
        }

        var loop = created / clock.Elapsed.TotalSeconds;
        var before = store.Status;
        var put = 0;
        clock.Restart();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; clock.Elapsed < Period; i++)
            {
                await PutAsync(store, $"small/{writer}/{i}", bytes);
                Interlocked.Increment(ref put);
            }
        })));
        var rate = put / clock.Elapsed.TotalSeconds;
        var syncs = (double)(store.Status.Syncs - before.Syncs) / put;
        Say($"PUT 4 KiB, {Writers} writers: {rate:f0}/s = {rate / loop:f1} x a create-fsync loop ({loop:f0}/s), {syncs:f3} syncs each");
    }

    private static async Task GetSmallAsync(ObjectStore store)
    {
        var got = 0;
        var clock = Stopwatch.StartNew();
        var buffer = new byte[Small];
        await Task.Run(() =>
        {
            for (; clock.Elapsed < Period; got++)
            {
                using var reader = store.OpenObject(Bucket, $"small/{got % Writers}/{got / Writers % 20}").Value!;
                using var stream = reader.OpenRead(0, Small);
                stream.ReadExactly(buffer);
            }
        });
        Say($"GET 4 KiB, one thread: {got / clock.Elapsed.TotalSeconds:f0}/s");
    }

    private static async Task PutLargeAsync(ObjectStore store, string directory)
    {
        var bytes = RandomNumberGenerator.GetBytes(Large);
        var disk = Best(() =>
        {
            var path = Path.Combine(directory, "plain");
            using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
            {
                for (var at = 0; at < Large; at += 1 << 20)
                    RandomAccess.Write(file, bytes.AsSpan(at, 1 << 20), at);
                RandomAccess.FlushToDisk(file);
            }

            File.Delete(path);
        });
        var md5 = Best(() =>
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
            hash.AppendData(bytes);
            hash.GetHashAndReset();
        });
        Say($"disk, write and fsync: {disk:f0} MiB/s; MD5 of one core: {md5:f0} MiB/s");
        foreach (var streams in new[] { 1, 4 })
        {
            const int Rounds = 5;
            var before = Process.GetCurrentProcess().TotalProcessorTime;
            var clock = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, streams).Select(stream => Task.Run(async () =>
            {
                for (var i = 0; i < Rounds; i++)
                    await PutAsync(store, $"large/{stream}", bytes);
            })));
            var rate = streams * Rounds * 64 / clock.Elapsed.TotalSeconds;
            var cpu = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds;
            Say($"PUT 64 MiB, {streams} streams: {rate:f0} MiB/s = {rate / Math.Min(disk, md5):f2} x the lesser; {streams * Rounds * 64 / cpu:f0} MiB per CPU-second");
        }
    }

    private static async Task GetLargeAsync(ObjectStore store)
    {
        const int Rounds = 20;
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        for (var i = 0; i < Rounds; i++)
        {
            using var reader = store.OpenObject(Bucket, "large/0").Value!;
            var writer = PipeWriter.Create(Stream.Null);
            await reader.CopyToAsync(writer, 0, Large, default);
            await writer.CompleteAsync();
        }

        var cpu = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds;
        Say($"GET 64 MiB, verified, into memory: {Rounds * 64 / cpu:f0} MiB per CPU-second");
    }

    private static async Task ListAndReopenAsync(string directory, int keys)
    {
        using (var process = StartAgain(FillVerb, directory, keys.ToString(CultureInfo.InvariantCulture)))
        {
            var clock = Stopwatch.StartNew();
            await process.StandardOutput.ReadLineAsync();
            Say($"{keys} keys put in {clock.Elapsed.TotalSeconds:f0} s; the process that did it is killed now");
            process.Kill();
            await process.WaitForExitAsync();
        }

        // A process of its own, whose memory is the engine's and nothing of what was measured before.
        using var reopening = StartAgain(ReopenedStore.Verb, directory);
        Console.Write(await reopening.StandardOutput.ReadToEndAsync());
        await reopening.WaitForExitAsync();
    }

    private static Process StartAgain(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(ObjectStoreRates).Assembly.Location);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>The best of five, in MiB/s.</summary>
    private static double Best(Action action)
    {
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            var clock = Stopwatch.StartNew();
            action();
            best = clock.Elapsed < best ? clock.Elapsed : best;
        }

        return 64 / best.TotalSeconds;
    }

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
