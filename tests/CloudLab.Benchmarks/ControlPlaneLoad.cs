using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Testing;
using Microsoft.Data.Sqlite;

namespace CloudLab.Benchmarks;

/// <summary>What requests cost with many stopped instances in the database, on each of the databases.</summary>
internal static class ControlPlaneLoad
{
    private const int PageSize = 100;
    private const int CreateRounds = 5;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan IdlePeriod = TimeSpan.FromSeconds(20);

    /// <param name="count">How many stopped instances there are.</param>
    public static async Task RunAsync(int count)
    {
        await MeasureAsync("SQLite", count, null);
        await using PostgresServer postgres = await PostgresServer.StartAsync();
        await MeasureAsync("PostgreSQL", count, await postgres.CreateDatabaseAsync());
    }

    private static async Task MeasureAsync(string name, int count, string? postgres)
    {
        using var directory = new TempDirectory();
        DatabaseOptions database = postgres is null
            ? new(DatabaseProvider.Sqlite, new SqliteConnectionStringBuilder { DataSource = directory["cloudlab.db"] }.ConnectionString)
            : new(DatabaseProvider.Postgres, postgres);
        await SeededDatabase.FillAsync(database, count);
        SqliteConnection.ClearAllPools();
        await using ControlPlaneServer server = await ControlPlaneServer.StartAsync(directory.Path, postgres);
        Print($"{name}, {count} stopped instances: answers {server.UntilAnswer.TotalSeconds:f2} s after its start ({server.CpuTime.TotalSeconds:f2} CPU-s)");
        await ReadyAsync(server.Client);
        await IdleAsync(server);
        await ListAsync(server, count);
        await GetAsync(server);
        await CreateAsync(server);
        await StartAsync(server);
    }

    private static async Task ReadyAsync(HttpClient client)
    {
        JsonNode? answer;
        do
        {
            await Task.Delay(100);
            using HttpResponseMessage response = await client.GetAsync(new Uri("/readyz", UriKind.Relative));
            answer = await response.Content.ReadFromJsonAsync<JsonNode>();
        }
        while (!(bool)answer!["ready"]!);
    }

    private static async Task IdleAsync(ControlPlaneServer server)
    {
        await Task.Delay(Period);
        TimeSpan before = server.CpuTime;
        var clock = Stopwatch.StartNew();
        await Task.Delay(IdlePeriod);
        Print($"  idle: {(server.CpuTime - before) / clock.Elapsed:p2} of a core, {server.ResidentBytes >> 20} MiB resident");
    }

    private static async Task ListAsync(ControlPlaneServer server, int count)
    {
        for (int i = 0; i < 200; i++) await PageAsync(server.Client, null);
        TimeSpan before = server.CpuTime;
        var times = new List<double>();
        string? token = null;
        for (int page = 0; page < count / PageSize; page++)
        {
            var clock = Stopwatch.StartNew();
            token = await PageAsync(server.Client, token);
            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        double cpu = (server.CpuTime - before).TotalMilliseconds / times.Count;
        int tenth = Math.Max(1, times.Count / 10);
        Print($"  list of {PageSize}: p50 {Percentile(times, 0.5):f2} ms, p99 {Percentile(times, 0.99):f2} ms, {cpu:f2} CPU-ms each");
        Print($"  of {times.Count} pages the first tenth: p50 {Percentile(times[..tenth], 0.5):f2} ms; the last: {Percentile(times[^tenth..], 0.5):f2} ms");
        await TimeAsync(server, "list by state, none matching", 100, () => PageAsync(server.Client, null, "&state=running"));
        await TimeAsync(server, "list by tag, 11 matching", 20, () => PageAsync(server.Client, null, "&tag:Name=web-4711*"));
    }

    private static async Task GetAsync(ControlPlaneServer server)
    {
        string[] paths = [.. Enumerable.Range(1, 1000).Select(n => $"/v1/instances/i-{n:x17}")];
        await GetAsync(server, paths, Period);
        (int done, double seconds, double cpu, double own) = await GetAsync(server, paths, Period);
        Print($"  get: {done / seconds:f0}/s with 8 clients, {cpu / done:f3} CPU-ms each, the load generator's {own / done:f3}");
    }

    private static async Task<(int Done, double Seconds, double Cpu, double OwnCpu)> GetAsync(
        ControlPlaneServer server, string[] paths, TimeSpan period)
    {
        using var own = Process.GetCurrentProcess();
        (TimeSpan before, TimeSpan ownBefore) = (server.CpuTime, own.TotalProcessorTime);
        var clock = Stopwatch.StartNew();
        int[] done = await Task.WhenAll(Enumerable.Range(0, 8).Select(client => Task.Run(async () =>
        {
            int count = 0;
            for (; clock.Elapsed < period; count++)
                await server.Client.GetByteArrayAsync(new Uri(paths[(client * 125 + count) % paths.Length], UriKind.Relative));
            return count;
        })));
        double seconds = clock.Elapsed.TotalSeconds;
        own.Refresh();
        return (done.Sum(), seconds, (server.CpuTime - before).TotalMilliseconds, (own.TotalProcessorTime - ownBefore).TotalMilliseconds);
    }

    private static async Task CreateAsync(ControlPlaneServer server)
    {
        var times = new List<double>();
        TimeSpan cpu = default;
        for (int round = 0; round <= CreateRounds; round++)
        {
            TimeSpan before = server.CpuTime;
            var clock = Stopwatch.StartNew();
            using HttpResponseMessage response = await server.Client.PostAsJsonAsync(
                new Uri("/v1/instances", UriKind.Relative), new { imageId = "cloudlab-linux", instanceType = "standard.small", count = 100 });
            string body = await response.Content.ReadAsStringAsync();
            // The first round compiles.
            if (round > 0) times.Add(clock.Elapsed.TotalMilliseconds);
            if (round > 0) cpu += server.CpuTime - before;
            if (!response.IsSuccessStatusCode) throw new InvalidOperationException(body);
            foreach (JsonNode? instance in JsonNode.Parse(body)!["instances"]!.AsArray())
                (await server.Client.DeleteAsync(new Uri($"/v1/instances/{instance!["instanceId"]}", UriKind.Relative))).Dispose();
            while ((await server.Client.GetFromJsonAsync<JsonNode>(new Uri("/v1/instances?state=pending,running,stopping,shutting-down", UriKind.Relative)))!
                ["instances"]!.AsArray().Count > 0)
                await Task.Delay(100);
        }

        Print($"  create of 100: p50 {Percentile(times, 0.5):f1} ms, worst of {times.Count} {times.Max():f1} ms; {cpu.TotalMilliseconds / times.Count:f1} CPU-ms each");
    }

    private static async Task StartAsync(ControlPlaneServer server)
    {
        int n = 0;
        await TimeAsync(
            server,
            "start, accepted",
            50,
            async () =>
            {
                using HttpResponseMessage response = await server.Client.PostAsync(new Uri($"/v1/instances/i-{++n:x17}/start", UriKind.Relative), null);
                response.EnsureSuccessStatusCode();
                return null;
            });
    }

    private static async Task TimeAsync(ControlPlaneServer server, string what, int times, Func<Task<string?>> request)
    {
        var taken = new List<double>();
        TimeSpan before = server.CpuTime;
        for (int i = 0; i < times; i++)
        {
            var clock = Stopwatch.StartNew();
            await request();
            taken.Add(clock.Elapsed.TotalMilliseconds);
        }

        double cpu = (server.CpuTime - before).TotalMilliseconds / times;
        Print($"  {what}: p50 {Percentile(taken, 0.5):f2} ms, p99 {Percentile(taken, 0.99):f2} ms, {cpu:f2} CPU-ms each");
    }

    private static async Task<string?> PageAsync(HttpClient client, string? token, string filter = "")
    {
        string path = $"/v1/instances?limit={PageSize}{filter}" + (token is null ? "" : $"&nextToken={token}");
        using HttpResponseMessage response = await client.GetAsync(new Uri(path, UriKind.Relative));
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        response.EnsureSuccessStatusCode();
        // The token stands at the end: to parse what is before it would be most of what is measured.
        string end = System.Text.Encoding.ASCII.GetString(body.AsSpan(Math.Max(0, body.Length - 300)));
        int start = end.IndexOf("\"nextToken\":\"", StringComparison.Ordinal);
        return start < 0 ? null : end[(start + 13)..end.LastIndexOf('"')];
    }

    private static double Percentile(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
