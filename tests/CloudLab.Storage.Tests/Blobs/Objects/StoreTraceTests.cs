using Xunit;

namespace CloudLab.Storage.Tests.Blobs.Objects;

/// <summary>The system calls of the native index and the files: every sync has ended before the acknowledgement begins.</summary>
public sealed class StoreTraceTests
{
    private const string Tracer = "/usr/bin/strace";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_write_has_written_is_synced_before_it_is_acknowledged()
    {
        Assert.SkipUnless(File.Exists(Tracer), $"not run: no {Tracer}");
        var directory = Directory.CreateTempSubdirectory("cloudlab-trace-");
        try
        {
            var root = Path.Combine(directory.FullName, "store");
            var trace = Path.Combine(directory.FullName, "trace");
            string[] tracing = [Tracer, "-f", "-y", "-s", "400", "-o", trace, "-e", "trace=write,pwrite64,writev,pwritev,fsync,fdatasync,openat"];
            using (var process = WriterProcess.Start(tracing, ["trace", root]))
            {
                await process.StandardOutput.ReadToEndAsync(Token);
                await process.WaitForExitAsync(Token);
                Assert.Equal(0, process.ExitCode);
            }

            var calls = SystemCall.Parse(await File.ReadAllLinesAsync(trace, Token));
            string[] kinds = ["bucket", "small", "large", "upload", "part", "completion", "delete"];
            var from = 0;
            foreach (var kind in kinds)
            {
                var acknowledged = calls.Single(call => call.IsWrite && call.Text.Contains($"\"acknowledged {kind}", StringComparison.Ordinal));
                var before = calls.Where(call => call.Ended > from && call.Began < acknowledged.Began).ToList();
                AssertLogIsSynced(kind, before, acknowledged);
                if (kind is "large" or "part")
                    AssertFileIsSynced(before, acknowledged);
                from = acknowledged.Ended;
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static void AssertLogIsSynced(string kind, List<SystemCall> calls, SystemCall acknowledged)
    {
        var writes = calls.Where(call => call.IsWrite && call.Path.Contains("/index/", StringComparison.Ordinal) && call.Path.EndsWith(".log", StringComparison.Ordinal)).ToList();
        Assert.True(writes.Count > 0, $"{kind}: nothing was written to the index's log.");
        AssertSynced(writes, calls, acknowledged);
    }

    /// <summary>The file's content, and its name in the directory, before the index's log that refers to it is written.</summary>
    private static void AssertFileIsSynced(List<SystemCall> calls, SystemCall acknowledged)
    {
        var writes = calls.Where(call => call.IsWrite && call.Path.Contains("/files/", StringComparison.Ordinal)).ToList();
        var path = Assert.Single(writes.Select(call => call.Path).Distinct());
        var synced = AssertSynced(writes, calls, acknowledged);
        var created = calls.Single(call => call.Name == "openat" && call.Text.Contains("O_CREAT", StringComparison.Ordinal) && call.Text.Contains($"/{Path.GetFileName(path)}\"", StringComparison.Ordinal));
        var named = calls.First(call => call.IsSync && call.Path == Path.GetDirectoryName(path) && call.Began > created.Ended);
        var commit = calls.Last(call => call.IsWrite && call.Path.EndsWith(".log", StringComparison.Ordinal));
        Assert.True(synced.Ended < commit.Began && named.Ended < commit.Began, $"{path} was not durable before the index referred to it.");
    }

    private static SystemCall AssertSynced(List<SystemCall> writes, List<SystemCall> calls, SystemCall acknowledged)
    {
        var last = writes.Max(call => call.Ended);
        var sync = calls.FirstOrDefault(call => call.IsSync && call.Path == writes[^1].Path && call.Began > last && call.Ended < acknowledged.Began);
        Assert.True(sync is not null, $"{writes[^1].Path} was written at line {last} and not synced before line {acknowledged.Began}.");
        return sync;
    }
}
