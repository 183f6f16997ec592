using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using CloudLab.ControlPlane;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.ControlPlane.Quotas;
using CloudLab.Machine;
using CloudLab.Server.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace CloudLab.Benchmarks;

/// <summary>A server in a process of its own, so that what it costs is told apart from what the load generator does.</summary>
internal sealed class ControlPlaneServer : IAsyncDisposable
{
    public const string Verb = "control-plane-server";

    // "j .": a kernel of one instruction, in the form that "images build" leaves.
    private static readonly byte[] Kernel = [0x6f, 0x00, 0x00, 0x00];

    private readonly Process _process;

    private ControlPlaneServer(Process process, HttpClient client, TimeSpan untilAnswer)
    {
        _process = process;
        Client = client;
        UntilAnswer = untilAnswer;
    }

    /// <summary>With the administrator's token.</summary>
    public HttpClient Client { get; }

    /// <summary>From the start of the process to the first answer.</summary>
    public TimeSpan UntilAnswer { get; }

    /// <summary>The CPU time that the server has taken.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public static async Task<ControlPlaneServer> StartAsync(string directory, string? postgres)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(ControlPlaneServer).Assembly.Location);
        foreach (string argument in (string[])[Verb, directory, postgres ?? ""]) start.ArgumentList.Add(argument);
        var clock = Stopwatch.StartNew();
        Process process = Process.Start(start)!;
        string url = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("the server did not start");
        var client = new HttpClient { BaseAddress = new Uri(url) };
        using (HttpResponseMessage answer = await client.GetAsync(new Uri("/healthz", UriKind.Relative))) answer.EnsureSuccessStatusCode();
        TimeSpan untilAnswer = clock.Elapsed;
        string token = await File.ReadAllTextAsync(Path.Combine(directory, "admin.token"));
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Trim());
        return new ControlPlaneServer(process, client, untilAnswer);
    }

    /// <summary>The child: serves until it is killed. Its host promises more memory than there is, as the guests touch none.</summary>
    public static async Task RunAsync(string directory, string postgres)
    {
        string image = Path.Combine(directory, "guest");
        WriteImage(image);
        var options = new ServerOptions
        {
            DataDirectory = directory,
            Addresses = [new ListenAddress("http://127.0.0.1:0", IsHttps: false, IsLoopback: true)],
            PostgresConnectionString = postgres.Length > 0 ? postgres : null,
            GuestImageDirectory = image,
        };
        IAnsiConsole silent = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });
        var hypervisor = new HypervisorOptions { MemoryBudget = 1UL << 40, CodeCacheSize = 1 << 20 };
        await using ServerRunner server = await ServerRunner.StartAsync(
            options,
            silent,
            services =>
            {
                services.AddLogging(logging => logging.ClearProviders());
                // Quotas that are counted but hold nothing up.
                var quotas = Enum.GetValues<QuotaName>().ToDictionary(name => name, _ => long.MaxValue / 2);
                services.AddSingleton(new ControlPlaneOptions { Hypervisor = hypervisor, VcpuOvercommit = 1024, DefaultQuotas = quotas });
                services.AddSingleton(_ => new Hypervisor(hypervisor));
            },
            CancellationToken.None);
        Console.WriteLine(server.App.Urls.Single());
        await server.App.WaitForShutdownAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static void WriteImage(string directory)
    {
        Directory.CreateDirectory(directory);
        byte[] initramfs = [0];
        File.WriteAllBytes(Path.Combine(directory, GuestImageManifest.KernelFile), Kernel);
        File.WriteAllBytes(Path.Combine(directory, GuestImageManifest.InitramfsFile), initramfs);
        var manifest = new GuestImageManifest
        {
            Format = GuestImageManifest.CurrentFormat,
            Name = GuestImageBuilder.ImageName,
            Architecture = "riscv64",
            KernelRelease = "0.0.0-benchmark",
            CommandLine = "console=ttyS0",
            Packages = new Dictionary<string, string>(),
            Files = new Dictionary<string, GuestImageFile>
            {
                [GuestImageManifest.KernelFile] = Describe(Kernel),
                [GuestImageManifest.InitramfsFile] = Describe(initramfs),
            },
        };
        File.WriteAllBytes(Path.Combine(directory, GuestImageManifest.FileName), manifest.ToJson());
    }

    private static GuestImageFile Describe(byte[] content) => new(content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));
}
