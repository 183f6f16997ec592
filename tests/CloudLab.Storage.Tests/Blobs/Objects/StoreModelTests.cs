using CsCheck;
using Xunit;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>The engine does what a simple model does, over long random histories with restarts.</summary>
public sealed class StoreModelTests
{
    [Fact]
    public Task A_random_history_gives_what_the_model_gives() =>
        Gen.Int.SampleAsync(
            async seed =>
            {
                await using var harness = StoreHarness.Simulated();
                var history = new StoreHistory(harness, new Random(seed));
                await history.PlayAsync(300);
                await history.ClearAsync();
                await Eventually.BecomesAsync(() => harness.Disk.FilePaths().Count(path => path.Contains("/files/", StringComparison.Ordinal)), 0);
            },
            iter: 20,
            threads: 2);

    [Fact]
    public Task A_random_history_on_real_files_gives_what_the_model_gives() =>
        Gen.Int.SampleAsync(
            async seed =>
            {
                await using var harness = StoreHarness.Real(inlineBytes: 1000);
                var history = new StoreHistory(harness, new Random(seed));
                await history.PlayAsync(300);
                await history.ClearAsync();
                await Eventually.BecomesAsync(
                    () => Directory.EnumerateFiles(Path.Combine(harness.Root, "files"), "*", SearchOption.AllDirectories).Count(), 0);
            },
            iter: 2,
            threads: 1);
}
