using System.Globalization;
using CloudLab.Storage.Blobs.Objects;
using CloudLab.Storage.Writer;
using Xunit;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>A process with writers running is killed at random points, again and again on the same store.</summary>
/// <remarks><c>CLOUDLAB_SOAK_KILLS</c> sets how often; 20 without it.</remarks>
public sealed class StoreKillTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_kill_9_every_acknowledged_object_is_whole_and_nothing_half_written_is_listed()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable("CLOUDLAB_SOAK_KILLS") ?? "20", CultureInfo.InvariantCulture);
        var seed = Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        var directory = Directory.CreateTempSubdirectory("cloudlab-kills-");
        try
        {
            var options = new ObjectStoreOptions { Directory = directory.FullName, ScrubBytesPerSecond = 0 };
            await using (var store = ObjectStore.Open(options, TimeProvider.System))
                await store.MakeBucketAsync(WriterOperation.Bucket);
            var known = new Dictionary<string, WriterOperation>();
            var next = 0;
            for (var round = 0; round < rounds; round++)
            {
                var said = await RunUntilKilledAsync(directory.FullName, next, random.Next(1, 200));
                await using var store = ObjectStore.Open(options, TimeProvider.System);
                next = Math.Max(next, said.Select(line => line.Operation.Number).DefaultIfEmpty().Max() + 1);
                Verify(store, said, known);
                await store.ScrubAsync(Token);
                Assert.Empty(store.ListDamaged());
            }

            await VerifyCleanSlateAsync(options);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<List<(bool IsDone, WriterOperation Operation)>> RunUntilKilledAsync(string directory, int first, int lines)
    {
        using var process = WriterProcess.Start("write", directory, first.ToString(CultureInfo.InvariantCulture));
        var said = new List<(bool, WriterOperation)>();
        while (await process.StandardOutput.ReadLineAsync(Token) is { } line)
        {
            var words = line.Split(' ');
            if (words.Length == 3 && line.EndsWith(words[2], StringComparison.Ordinal))
                said.Add((words[0] == "done", new WriterOperation(Number(words[1]), Number(words[2]))));
            if (said.Count == lines)
                process.Kill();
        }

        await process.WaitForExitAsync(Token);
        Assert.True(said.Count >= lines, $"The writer ended by itself after {said.Count} lines.");
        return said;
    }

    /// <summary>Each key has what its last acknowledged operation left, or what one that had begun after it did.</summary>
    private static void Verify(
        ObjectStore store, List<(bool IsDone, WriterOperation Operation)> said, Dictionary<string, WriterOperation> known)
    {
        foreach (var (isDone, operation) in said)
        {
            if (isDone)
                known[operation.Key] = operation;
        }

        foreach (var operation in said.Where(line => !line.IsDone).Select(line => line.Operation).Except(known.Values))
        {
            var isLater = !known.TryGetValue(operation.Key, out var last) || last.Number < operation.Number;
            if (isLater && Same(store.Read(WriterOperation.Bucket, operation.Key), operation.Content))
                known[operation.Key] = operation;
        }

        foreach (var (key, operation) in known)
            Assert.True(Same(operation.Content, store.Read(WriterOperation.Bucket, key)), $"{key} is not what {operation} left.");
        var there = known.Where(entry => entry.Value.Content is not null).Select(entry => entry.Key).Order(StringComparer.Ordinal);
        Assert.Equal(there, store.Keys(WriterOperation.Bucket));
        Assert.Equal(
            store.GetBucketUsage(WriterOperation.Bucket),
            new StoreUsage(
                known.Values.Sum(operation => operation.Content?.LongLength ?? 0) + UploadedBytes(store).Sum(),
                known.Values.Count(operation => operation.Content is not null) + UploadedBytes(store).Count(),
                1));
    }

    private static IEnumerable<long> UploadedBytes(ObjectStore store) =>
        from upload in store.ListUploads(new UploadListing { Bucket = WriterOperation.Bucket }).Ok().Uploads
        from part in store.ListParts(upload.Bucket, upload.Key, upload.UploadId, 0, 1000).Ok().Parts
        select part.Length;

    private static async Task VerifyCleanSlateAsync(ObjectStoreOptions options)
    {
        await using var store = ObjectStore.Open(options, TimeProvider.System);
        foreach (var key in store.Keys(WriterOperation.Bucket))
            await store.DeleteAsync(WriterOperation.Bucket, key).OkAsync();
        await store.DeleteBucketAsync(WriterOperation.Bucket, Token).OkAsync();
        var files = Path.Combine(options.Directory, "files");
        await Eventually.BecomesAsync(() => Directory.EnumerateFiles(files, "*", SearchOption.AllDirectories).Count(), 0);
    }

    private static bool Same(byte[]? x, byte[]? y) => x is null == y is null && x.AsSpan().SequenceEqual(y);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
