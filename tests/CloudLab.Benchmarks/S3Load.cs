using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Amazon.S3;
using Amazon.S3.Model;

namespace CloudLab.Benchmarks;

/// <summary>
/// The S3 service beside its limits on the same disk in one run: nginx's sendfile for reads, one file written and synced
/// for writes, one core's MD5. Requests are signed; a server's CPU time is its process's, without the client's.
/// </summary>
internal static partial class S3Load
{
    private const string Bucket = "benchmark";
    private const int Large = 64 << 20;
    private const int Small = 4 << 10;
    private const int SmallKeys = 1000;

    public static async Task RunAsync(int seconds)
    {
        await using S3Server server = await S3Server.StartAsync();
        await server.Client.PutBucketAsync(Bucket);
        byte[] content = RandomNumberGenerator.GetBytes(Large);
        string files = Path.Combine(server.Directory, "files");
        Directory.CreateDirectory(files);
        await File.WriteAllBytesAsync(Path.Combine(files, "large"), content);
        await File.WriteAllBytesAsync(Path.Combine(files, "small"), content[..Small]);
        await PutAsync(server, "large", content);
        await PutAsync(server, "small", content[..Small]);

        Console.WriteLine("(the client runs on the same cores; its CPU is not counted)");
        await GetAsync(server, files, "large", connections: 1, seconds);
        await GetAsync(server, files, "small", connections: 16, seconds);
        await PutLargeAsync(server, content, streams: 1);
        await PutLargeAsync(server, content, streams: 4);
        PutLimits(server.Directory, content);
        await PutSmallAsync(server, seconds);
        SyncLoop(server.Directory, content[..Small], seconds);
    }

    private static async Task GetAsync(S3Server server, string files, string key, int connections, int seconds)
    {
        if (!File.Exists("/usr/bin/wrk"))
        {
            Console.WriteLine("wrk is not installed: no GET in this run");
            return;
        }

        Report("CloudLab GET " + key, await WrkAsync(server.ProcessId, Presign(server, key, HttpVerb.GET), connections, seconds, null));
        if (!S3Peer.IsInstalled) return;
        await using S3Peer peer = await S3Peer.StartAsync(server.Directory, files);
        Report("nginx    GET " + key, await WrkAsync(peer.ProcessId, new Uri(peer.Url, key).ToString(), connections, seconds, null));
    }

    private static async Task PutLargeAsync(S3Server server, byte[] content, int streams)
    {
        const int Each = 4;
        TimeSpan cpu = CpuOf(server.ProcessId);
        long started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, streams).Select(async stream =>
        {
            for (int i = 0; i < Each; i++) await PutAsync(server, $"put-{stream}-{i}", content);
        }));
        double elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        double mebibytes = (double)Large * streams * Each / (1 << 20);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"CloudLab PUT 64 MiB, {streams} streams: {mebibytes / elapsed:f0} MiB/s, {mebibytes / (CpuOf(server.ProcessId) - cpu).TotalSeconds:f0} MiB per CPU-s"));
    }

    /// <summary>What the disk and one core could do.</summary>
    private static void PutLimits(string directory, byte[] content)
    {
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < 4; i++)
        {
            using var file = new FileStream(Path.Combine(directory, $"limit-{i}"), FileMode.Create, FileAccess.Write, FileShare.None, 0);
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        double disk = 4 * (Large >> 20) / Stopwatch.GetElapsedTime(started).TotalSeconds;
        started = Stopwatch.GetTimestamp();
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        md5.AppendData(content);
        double hash = (Large >> 20) / Stopwatch.GetElapsedTime(started).TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"limits: write and fsync {disk:f0} MiB/s, MD5 on one core {hash:f0} MiB/s"));
    }

    private static async Task PutSmallAsync(S3Server server, int seconds)
    {
        if (!File.Exists("/usr/bin/wrk")) return;
        string urls = Path.Combine(server.Directory, "urls");
        await File.WriteAllLinesAsync(urls, Enumerable.Range(0, SmallKeys).Select(i => new Uri(Presign(server, $"small/{i}", HttpVerb.PUT)).PathAndQuery));
        string script = Path.Combine(server.Directory, "put.lua");
        await File.WriteAllTextAsync(script,
            $$"""
            local paths = {}
            for line in io.lines("{{urls}}") do paths[#paths + 1] = line end
            local at = 0
            wrk.method = "PUT"
            wrk.body = string.rep("x", {{Small}})
            request = function() at = at % #paths + 1; return wrk.format(nil, paths[at]) end
            """);
        Report("CloudLab PUT 4 KiB, 64 clients", await WrkAsync(server.ProcessId, server.Url.ToString(), 64, seconds, script));
    }

    /// <summary>One file after the other, created and synced: what a store without group commit could do.</summary>
    private static void SyncLoop(string directory, byte[] content, int seconds)
    {
        int count = 0;
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started).TotalSeconds < seconds)
        {
            using var file = new FileStream(Path.Combine(directory, $"loop-{count++}"), FileMode.Create, FileAccess.Write, FileShare.None, 0);
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"limit: create and fsync 4 KiB in a loop: {count / Stopwatch.GetElapsedTime(started).TotalSeconds:f0}/s"));
    }

    private static async Task<(double Requests, double Bytes, double CpuSeconds, double Errors)> WrkAsync(
        int server, string url, int connections, int seconds, string? script)
    {
        string threads = Math.Min(connections, 2).ToString(CultureInfo.InvariantCulture);
        List<string> arguments = ["-t", threads, "-c", connections.ToString(CultureInfo.InvariantCulture), "-d", $"{seconds}s"];
        if (script is not null) arguments.AddRange(["-s", script]);
        arguments.Add(url);
        TimeSpan cpu = CpuOf(server);
        using Process wrk = Process.Start(new ProcessStartInfo("/usr/bin/wrk", arguments) { RedirectStandardOutput = true })!;
        string output = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        double used = (CpuOf(server) - cpu).TotalSeconds;
        Match totals = Totals().Match(output);
        Match errors = Errors().Match(output);
        double requests = double.Parse(totals.Groups[1].Value, CultureInfo.InvariantCulture);
        double time = double.Parse(totals.Groups[2].Value, CultureInfo.InvariantCulture);
        double bytes = double.Parse(totals.Groups[3].Value, CultureInfo.InvariantCulture) * Unit(totals.Groups[4].Value);
        return (requests / time, bytes / time, used / time, errors.Success ? double.Parse(errors.Groups[1].Value, CultureInfo.InvariantCulture) : 0);
    }

    private static void Report(string name, (double Requests, double Bytes, double CpuSeconds, double Errors) result) =>
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {result.Requests:f0}/s, {result.Bytes / (1 << 20):f0} MiB/s, {result.CpuSeconds * 100:f0}% of a core, per CPU-s {result.Requests / result.CpuSeconds:f0} requests, {result.Bytes / result.CpuSeconds / (1 << 20):f0} MiB; {result.Errors} errors"));

    private static string Presign(S3Server server, string key, HttpVerb verb) => server.Client.GetPreSignedURL(new GetPreSignedUrlRequest
    {
        BucketName = Bucket,
        Key = key,
        Verb = verb,
        Protocol = Protocol.HTTP,
        Expires = TimeProvider.System.GetUtcNow().AddHours(1).UtcDateTime,
    });

    private static Task<PutObjectResponse> PutAsync(S3Server server, string key, byte[] content) => server.Client.PutObjectAsync(
        new PutObjectRequest { BucketName = Bucket, Key = key, InputStream = new MemoryStream(content, writable: false) });

    private static TimeSpan CpuOf(int process)
    {
        using Process running = Process.GetProcessById(process);
        return running.TotalProcessorTime;
    }

    private static double Unit(string unit) => unit switch
    {
        "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => 1,
    };

    [GeneratedRegex(@"(\d+) requests in ([\d.]+)s, ([\d.]+)(\w+) read")]
    private static partial Regex Totals();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex Errors();
}
