using System.Diagnostics;
using System.Text.RegularExpressions;

namespace CloudLab.Guest.Tests.Harness;

/// <summary>A server in a process of its own, as a user starts it, so that it can be killed.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, CloudClient client)
    {
        _process = process;
        Client = client;
    }

    public CloudClient Client { get; }

    public static async Task<ServerProcess> StartAsync(string dataDirectory)
    {
        string program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "CloudLab.Server.exe" : "CloudLab.Server");
        // The S3 service has a fixed port, which other tests' servers, or the machine's own, may have.
        var start = new ProcessStartInfo(program, ["--data-dir", dataDirectory, "--urls", "http://127.0.0.1:0", "--s3-urls", "off"])
        {
            RedirectStandardOutput = true,
        };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("CLOUDLAB_", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(name);
        Process process = Process.Start(start)!;
        try
        {
            Uri url = await ReadUrlAsync(process.StandardOutput);
            _ = DrainAsync(process.StandardOutput);
            string token = await File.ReadAllTextAsync(Path.Combine(dataDirectory, "admin.token"), TestContext.Current.CancellationToken);
            var server = new ServerProcess(process, new CloudClient(url, token.Trim()));
            await server.Client.ReadyAsync();
            return server;
        }
        catch
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    /// <summary>Ends it at once, as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await KillAsync();
        _process.Dispose();
    }

    private static async Task<Uri> ReadUrlAsync(StreamReader output)
    {
        using var deadline = new Deadline();
        string text = "";
        while (await output.ReadLineAsync(deadline.Token) is { } line)
        {
            text += line + "\n";
            if (ListensOn().Match(line) is { Success: true } match) return new Uri(match.Groups[1].Value);
        }

        throw new InvalidOperationException($"the server did not start:\n{text}");
    }

    // A pipe that nobody reads would hold the server up.
    private static async Task DrainAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is not null)
        {
        }
    }

    [GeneratedRegex(@"listens on (http://127\.0\.0\.1:\d+)")]
    private static partial Regex ListensOn();
}
