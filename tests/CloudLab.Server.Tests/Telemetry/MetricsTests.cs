using System.Diagnostics.Metrics;
using System.Net;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Telemetry;

/// <summary>Alone, because the exporter reads every meter of the process: those of other tests' servers too.</summary>
[Collection(nameof(MetricsTests))]
[CollectionDefinition(nameof(MetricsTests), DisableParallelization = true)]
public sealed class MetricsTests
{
    [Fact]
    public async Task Prometheus_reads_what_the_host_and_its_machines_do_also_after_they_have_gone()
    {
        await using TestServer server = await TestServer.StartAsync(EchoGuest.Kernel);
        await server.Anonymous.PollAsync("/readyz", answer => (bool)answer["ready"]!);
        string id = await server.Admin.RunInstanceAsync();
        await server.Admin.WaitForConsoleAsync(id, "OK\n");
        using HttpClient viewer = await server.ClientAsync(Role.Viewer);

        Dictionary<string, double> running = await ScrapeAsync(viewer);
        Assert.Equal(1, running["cloudlab_host_machines"]);
        Assert.True(running["cloudlab_host_memory_usage_bytes"] > 0);
        Assert.True(running["cloudlab_vcpu_instructions_total"] > 0);

        await server.Admin.TerminateAsync(id);
        await server.Admin.PollAsync($"/v1/instances/{id}", instance => (string?)instance["state"] == "terminated");
        Dictionary<string, double> ended = await ScrapeAsync(viewer);
        Assert.Equal(0, ended["cloudlab_host_machines"]);
        Assert.True(ended["cloudlab_vcpu_instructions_total"] >= running["cloudlab_vcpu_instructions_total"]);
        Assert.True(ended["cloudlab_instance_boots_total"] >= 1);
    }

    [Fact]
    public async Task Every_instrument_of_ours_stands_with_its_unit_in_the_operators_manual()
    {
        string manual = await File.ReadAllTextAsync(
            Path.Combine(RepositoryRoot(), "docs", "operations.md"), TestContext.Current.CancellationToken);
        var instruments = new List<Instrument>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name.StartsWith("CloudLab.", StringComparison.Ordinal))
                    lock (instruments) instruments.Add(instrument);
            },
        };
        listener.Start();

        await using TestServer server = await TestServer.StartAsync(kernel: null);

        Assert.NotEmpty(instruments);
        string[] missing = [.. instruments.Select(i => $"| `{i.Name}` | {i.Unit} |").Where(row => !manual.Contains(row, StringComparison.Ordinal))];
        Assert.Empty(missing);
    }

    private static string RepositoryRoot()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "CloudLab.sln"))) directory = Path.GetDirectoryName(directory)!;
        return directory;
    }

    /// <summary>The series without labels other than the scope's, by name.</summary>
    private static async Task<Dictionary<string, double>> ScrapeAsync(HttpClient client)
    {
        using HttpResponseMessage response = await client.GetAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var series = new Dictionary<string, double>();
        foreach (string line in (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n'))
        {
            string[] parts = line.Split(' ');
            if (line.StartsWith("cloudlab_", StringComparison.Ordinal) && parts.Length >= 2)
                series[parts[0].Split('{')[0]] = double.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
        }

        return series;
    }
}
