using CloudLab.Storage.Blobs;
using CloudLab.Storage.Tests.Files;
using CsCheck;
using Xunit;
using static CloudLab.Storage.Tests.Blobs.BlobStoreExtensions;

namespace CloudLab.Storage.Tests.Blobs;

/// <summary>Programs of puts and deletes whose power is cut before every single file operation in turn.</summary>
public sealed class BlobCrashTests
{
    private static readonly string[] Names = ["a", "a/b", "a/c", "d/e/f", "long/" + new string('x', 100)];

    private static readonly Gen<Step> Steps = Gen.Select(
        Gen.OneOf(Names), Gen.Frequency((1, Gen.Const((int?)null)), (3, Gen.OneOf<int?>(0, 1, 700, 66_000))),
        Gen.Int[0, 1000], Gen.Bool, (name, length, seed, isIfAbsent) => new Step(name, length, seed, isIfAbsent));

    [Fact]
    public Task After_a_power_cut_at_any_point_every_name_has_its_last_acknowledged_object_whole() =>
        Gen.Select(Steps.Array[1, 5], Gen.Int).SampleAsync(
            async (program, seed) =>
            {
                var whole = new Run(program);
                await whole.ToCutAsync(int.MaxValue);
                for (var cut = 0; cut < whole.Disk.Operations; cut++)
                {
                    var run = new Run(program);
                    await run.ToCutAsync(cut);
                    run.Disk.LosePower(new Random(seed + cut));
                    await run.VerifyAsync();
                }
            },
            iter: 60);

    [Fact]
    public Task What_is_seen_after_a_process_died_at_any_point_survives_a_power_cut_then() =>
        Gen.Select(Steps.Array[1, 5], Gen.Int).SampleAsync(
            async (program, seed) =>
            {
                var whole = new Run(program);
                await whole.ToCutAsync(int.MaxValue);
                for (var cut = 0; cut < whole.Disk.Operations; cut++)
                {
                    var run = new Run(program);
                    await run.ToCutAsync(cut);
                    run.Disk.Restart();
                    var seen = await run.VerifyAsync();
                    run.Disk.LosePower(new Random(seed + cut));
                    Assert.Equal(seen, await run.VerifyAsync());
                }
            },
            iter: 60);

    [Fact]
    public async Task Puts_that_share_a_new_directory_are_each_durable_when_acknowledged()
    {
        for (var cut = 0; cut < 120; cut++)
        {
            var disk = new SimulatedDisk("/store");
            var store = new FileBlobStore("/store", disk, TimeProvider.System, null);
            disk.CutAfter = disk.Operations + cut;
            var acknowledged = await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
            {
                try
                {
                    return (await store.PutAsync($"new/deep/{i}", Text(i), BlobCondition.None)).IsOk;
                }
                catch (IOException)
                {
                    return false;
                }
            }));
            disk.LosePower(new Random(cut));
            var after = new FileBlobStore("/store", disk, TimeProvider.System, null);
            for (var i = 0; i < 4; i++)
            {
                if (await after.ReadAsync($"new/deep/{i}") is { } read)
                    Assert.Equal(Text(i), read);
                else
                    Assert.False(acknowledged[i]);
            }
        }
    }

    [Fact]
    public async Task Deletes_that_empty_a_directory_together_are_each_durable_when_acknowledged()
    {
        for (var cut = 0; cut < 120; cut++)
        {
            var disk = new SimulatedDisk("/store");
            var store = new FileBlobStore("/store", disk, TimeProvider.System, null);
            for (var i = 0; i < 4; i++)
                await store.PutAsync($"full/deep/{i}", Text(i));
            disk.CutAfter = disk.Operations + cut;
            var acknowledged = await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
            {
                try
                {
                    await store.DeleteAsync($"full/deep/{i}", CancellationToken.None);
                    await store.PutAsync($"full/deep/new{i}", Text(i));
                    await store.DeleteAsync($"full/deep/new{i}", CancellationToken.None);
                    return true;
                }
                catch (IOException)
                {
                    return false;
                }
            }));
            disk.LosePower(new Random(cut));
            var after = new FileBlobStore("/store", disk, TimeProvider.System, null);
            var names = await after.NamesAsync();
            for (var i = 0; i < 4; i++)
                Assert.False(acknowledged[i] && (names.Contains($"full/deep/{i}") || names.Contains($"full/deep/new{i}")));
        }
    }

    [Fact]
    public async Task A_reader_waits_for_an_object_that_is_not_yet_durable()
    {
        var disk = new SimulatedDisk("/store");
        var store = new FileBlobStore("/store", disk, TimeProvider.System, null);
        var isSyncing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var goOn = new ManualResetEventSlim();
        disk.BeforeDirectorySync = _ =>
        {
            isSyncing.TrySetResult();
            goOn.Wait();
        };
        var put = store.PutAsync("a", [1]);
        await isSyncing.Task;
        var head = store.HeadAsync("a", TestContext.Current.CancellationToken);
        Assert.False(head.IsCompleted);
        goOn.Set();
        Assert.Equal(await put, (await head).Value);
    }

    [Fact]
    public async Task After_a_failed_sync_of_a_directory_the_store_refuses_to_answer()
    {
        var disk = new SimulatedDisk("/store");
        var store = new FileBlobStore("/store", disk, TimeProvider.System, null);
        var before = disk.Operations;
        await store.PutAsync("a", [1]);
        // The put's last two operations are the sync of the directory and the removal of the temporary name.
        disk.CutAfter = disk.Operations + (disk.Operations - before) - 2;
        await Assert.ThrowsAsync<IOException>(() => store.PutAsync("b", [1]));
        disk.Restart();
        await Assert.ThrowsAsync<IOException>(() => store.ReadAsync("b"));
        await Assert.ThrowsAsync<IOException>(() => store.PutAsync("c", [1]));
    }

    /// <summary>A put of that many bytes, or a delete.</summary>
    private sealed record Step(string Name, int? Length, int Seed, bool IsIfAbsent);

    private sealed class Run(Step[] program)
    {
        private readonly Dictionary<string, byte[]> _acknowledged = [];
        private Step? _inFlight;

        public SimulatedDisk Disk { get; } = new("/store");

        public async Task ToCutAsync(int cut)
        {
            Disk.CutAfter = cut;
            try
            {
                var store = new FileBlobStore("/store", Disk, TimeProvider.System, null);
                foreach (var step in program)
                {
                    _inFlight = step;
                    await ApplyAsync(store, step);
                    _inFlight = null;
                }
            }
            catch (IOException)
            {
                // The power is off.
            }
        }

        /// <summary>Opens the store and answers with what it holds.</summary>
        public async Task<Dictionary<string, byte[]>> VerifyAsync()
        {
            var store = new FileBlobStore("/store", Disk, TimeProvider.System, null);
            var found = new Dictionary<string, byte[]>();
            foreach (var name in Names)
            {
                var read = await store.ReadAsync(name);
                if (read is not null)
                    found.Add(name, read);
                var acknowledged = _acknowledged.GetValueOrDefault(name);
                Assert.True(Same(read, acknowledged) || IsOutcomeInFlight(name, read), $"{name} has neither its old nor its new object");
            }

            Assert.Equal(found.Keys.Order(StringComparer.Ordinal), await store.NamesAsync());
            Assert.DoesNotContain(Disk.FilePaths(), path => path.StartsWith("/store/tmp/", StringComparison.Ordinal));
            return found;
        }

        private bool IsOutcomeInFlight(string name, byte[]? read) =>
            _inFlight is { } step && step.Name == name && Same(read, Content(step));

        private async Task ApplyAsync(FileBlobStore store, Step step)
        {
            if (Content(step) is not { } content)
            {
                await store.DeleteAsync(step.Name, CancellationToken.None);
                _acknowledged.Remove(step.Name);
                return;
            }

            var condition = step.IsIfAbsent ? BlobCondition.IfAbsent : BlobCondition.None;
            var put = await store.PutAsync(step.Name, content, condition);
            Assert.Equal(step.IsIfAbsent && _acknowledged.ContainsKey(step.Name), !put.IsOk);
            if (put.IsOk)
                _acknowledged[step.Name] = content;
        }

        private static byte[]? Content(Step step) => step.Length is { } length ? Bytes(length, step.Seed) : null;

        private static bool Same(byte[]? a, byte[]? b) => a is null ? b is null : b is not null && a.AsSpan().SequenceEqual(b);
    }
}
