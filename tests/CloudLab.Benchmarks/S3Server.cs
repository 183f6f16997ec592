using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Amazon.Runtime;
using Amazon.S3;

namespace CloudLab.Benchmarks;

/// <summary>The server as a user starts it, with a key for its S3 service. Its CPU time is its own, without the clients'.</summary>
internal sealed partial class S3Server : IAsyncDisposable
{
    private readonly Process _process;

    private S3Server(Process process, string directory, Uri url, AmazonS3Client client)
    {
        _process = process;
        Directory = directory;
        Url = url;
        Client = client;
    }

    /// <summary>Where its data are; goes with it.</summary>
    public string Directory { get; }

    public Uri Url { get; }

    public AmazonS3Client Client { get; }

    public int ProcessId => _process.Id;

    public static async Task<S3Server> StartAsync()
    {
        string directory = System.IO.Directory.CreateTempSubdirectory("cloudlab-s3-benchmark-").FullName;
        string data = Path.Combine(directory, "data");
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "CloudLab.Server"),
            ["--data-dir", data, "--urls", "http://127.0.0.1:0", "--s3-urls", "http://127.0.0.1:0", "--guest-image", directory])
        {
            RedirectStandardOutput = true,
        };
        Process process = Process.Start(start)!;
        Uri? api = null, s3 = null;
        while ((api is null || s3 is null) && await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (ListensOn().Match(line) is { Success: true } first) api = new Uri(first.Groups[1].Value);
            if (S3At().Match(line) is { Success: true } second) s3 = new Uri(second.Groups[1].Value);
        }

        if (api is null || s3 is null) throw new EndOfStreamException("the server did not start");
        _ = process.StandardOutput.ReadToEndAsync();
        return new S3Server(process, directory, s3, await MakeClientAsync(data, api, s3));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private static async Task<AmazonS3Client> MakeClientAsync(string data, Uri api, Uri s3)
    {
        using var http = new HttpClient { BaseAddress = api };
        http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(data, "admin.token"))).Trim());
        using HttpResponseMessage response = await http.PostAsJsonAsync("/v1/access-keys", new { });
        JsonNode key = (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>())!;
        return new AmazonS3Client(
            new BasicAWSCredentials((string)key["accessKeyId"]!, (string)key["secretAccessKey"]!),
            new AmazonS3Config { ServiceURL = s3.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
    }

    [GeneratedRegex(@"listens on (http://127\.0\.0\.1:\d+)")]
    private static partial Regex ListensOn();

    [GeneratedRegex(@"^  S3 +(http://127\.0\.0\.1:\d+)")]
    private static partial Regex S3At();
}
