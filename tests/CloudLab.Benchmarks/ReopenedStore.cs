using System.Diagnostics;
using System.Globalization;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Benchmarks;

/// <summary>A store that was left by a killed process: how long it takes to open, to list, and what memory it keeps.</summary>
internal static class ReopenedStore
{
    /// <summary>What this program calls itself with, to measure the engine's memory alone.</summary>
    public const string Verb = "blobs-reopen";

    private const int Rounds = 20;

    // Long enough for what recovery has flushed to be compacted.
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(string directory)
    {
        var before = Resident();
        var opening = Stopwatch.StartNew();
        await using var store = ObjectStoreRates.Open(directory);
        Say($"opened in {opening.Elapsed.TotalSeconds:f2} s");
        List(store, "one directory of many", new ObjectListing { Bucket = ObjectStoreRates.Bucket, Prefix = "prefix/dir00777/", Delimiter = "/" });
        List(store, "1,000 directories", new ObjectListing { Bucket = ObjectStoreRates.Bucket, Prefix = "prefix/", Delimiter = "/" });
        List(store, "1,000 keys", new ObjectListing { Bucket = ObjectStoreRates.Bucket, Prefix = "prefix/dir01" });
        await Task.Delay(Idle);
        Say($"resident then: {Resident():f0} MiB, {Resident() - before:f0} more than before opening");
    }

    private static void List(ObjectStore store, string what, ObjectListing listing)
    {
        var times = new List<double>();
        var count = 0;
        var before = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < Rounds; i++)
        {
            var clock = Stopwatch.StartNew();
            var page = store.ListObjects(listing).Value!;
            times.Add(clock.Elapsed.TotalMilliseconds);
            count = page.Objects.Count + page.CommonPrefixes.Count;
        }

        var cpu = (Environment.CpuUsage.TotalTime - before).TotalMilliseconds / Rounds;
        Say($"list of {what}: {count} entries, first {times[0]:f1} ms, median {times.Order().ElementAt(Rounds / 2):f1} ms, best {times.Min():f1} ms, CPU {cpu:f1} ms");
    }

    private static double Resident()
    {
        // What listings have left behind is the runtime's, which gives it back late.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64 / (double)(1 << 20);
    }

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
