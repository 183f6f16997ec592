using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CloudLab.ControlPlane;
using CloudLab.ControlPlane.Quotas;
using CloudLab.Machine;
using CloudLab.Server.Security;
using CloudLab.Server.Tests.Harness;
using CloudLab.Testing;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CloudLab.Server.Tests.Fuzzing;

/// <summary>Requests made up from the API's own document, right ones and wrong ones, with every role.</summary>
public sealed class FuzzTests(SharedPostgres postgres, ITestOutputHelper output)
{
    /// <summary>How many requests instead of what a test run has time for.</summary>
    private const string SoakVariable = "CLOUDLAB_SOAK_FUZZ";

    private const long MaxInstances = 6;
    private const long MaxGrowth = 512L << 20;

    [Fact]
    public Task Nothing_that_is_sent_breaks_the_server_on_SQLite() => RunAsync(null, 10_000);

    [Fact]
    public async Task Nothing_that_is_sent_breaks_the_server_on_PostgreSQL() =>
        await RunAsync(await postgres.CreateDatabaseAsync(TestContext.Current.CancellationToken), 2_000);

    private async Task RunAsync(string? connectionString, long requests)
    {
        if (Environment.GetEnvironmentVariable(SoakVariable) is { Length: > 0 } soak) requests = long.Parse(soak, CultureInfo.InvariantCulture);
        using var watch = new SecretWatch();
        await using TestServer server = await TestServer.StartAsync(
            EchoGuest.Kernel,
            options => options with { PostgresConnectionString = connectionString, LogLevel = LogLevel.Trace },
            services =>
            {
                services.AddSingleton(Small);
                services.AddSingleton(new FailedAttempts(new HurriedTime()));
                services.AddLogging(logging => logging.AddProvider(watch));
            });
        await server.Anonymous.PollAsync("/readyz", answer => (bool)answer["ready"]!);
        watch.Add("the administrator's token", server.Runner.Token.Secret);
        ApiDocument document = await ApiDocument.LoadAsync(server);
        long before = GC.GetTotalMemory(forceFullCollection: true);

        using (var fuzzer = new Fuzzer(server, document, watch))
        {
            await new RequestMaker(document).Requests.SampleAsync(fuzzer.SendAsync, iter: requests, threads: 4, print: made => made.ToCurl(server.Url));
            foreach (((string operation, int status), int count) in fuzzer.Answers.OrderBy(a => a.Key)) output.WriteLine($"{operation} {status} {count}");
            Assert.True(fuzzer.Faults.Count == 0, string.Join("\n\n", fuzzer.Faults.Concat(watch.Errors.Take(20))));
            Assert.All(document.Operations, o => Assert.Contains(fuzzer.Answers.Keys, a => a.Operation == o.Id));
        }

        Assert.Empty(watch.Leaks);
        Assert.True(watch.Errors.IsEmpty, string.Join("\n\n", watch.Errors.Take(5)));
        await CheckRestAsync(server);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, MaxGrowth);
    }

    private static ControlPlaneOptions Small => new()
    {
        StopTimeout = TimeSpan.FromMilliseconds(50),
        Hypervisor = new HypervisorOptions { Workers = 2, MemoryBudget = 1L << 30 },
        DefaultQuotas = new Dictionary<QuotaName, long>(new ControlPlaneOptions().DefaultQuotas) { [QuotaName.Instances] = MaxInstances },
    };

    /// <summary>The server answers, lets go of what it was asked for, and nobody has more than was allowed.</summary>
    private static async Task CheckRestAsync(TestServer server)
    {
        using HttpClient admin = await server.ClientAsync(ControlPlane.Identity.Role.Admin);
        await admin.GetAsync("/readyz", HttpStatusCode.OK);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await ConnectionsAsync(admin) > 2) await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        JsonObject created = await admin.PostAsync("/v1/tokens", """{"name":"afterwards"}""", HttpStatusCode.Created);
        Assert.NotNull(created);
    }

    // This scrape's own, and what the test's other client keeps.
    private static async Task<int> ConnectionsAsync(HttpClient admin)
    {
        string metrics = await admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        return Regex.Matches(metrics, @"^kestrel_active_connections\{[^\n]*\} (\d+)", RegexOptions.Multiline)
            .Sum(m => int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
    }
}
