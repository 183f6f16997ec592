using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace CloudLab.Benchmarks;

/// <summary>nginx that serves a directory by sendfile: the limit of what a GET can be.</summary>
internal sealed class S3Peer : IAsyncDisposable
{
    private readonly Process _process;

    private S3Peer(Process process, Uri url)
    {
        _process = process;
        Url = url;
    }

    public static bool IsInstalled => File.Exists("/usr/sbin/nginx");

    public Uri Url { get; }

    public int ProcessId => _process.Id;

    public static async Task<S3Peer> StartAsync(string directory, string files)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        int port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        string configuration = Path.Combine(directory, "nginx.conf");
        await File.WriteAllTextAsync(configuration,
            $$"""
            daemon off; master_process off; pid {{directory}}/nginx.pid; error_log stderr;
            events { worker_connections 256; }
            http { access_log off; sendfile on; tcp_nopush on; client_body_temp_path {{directory}}; proxy_temp_path {{directory}};
              fastcgi_temp_path {{directory}}; uwsgi_temp_path {{directory}}; scgi_temp_path {{directory}};
              server { listen 127.0.0.1:{{port}}; root {{files}}; } }
            """);
        Process process = Process.Start(new ProcessStartInfo("/usr/sbin/nginx", ["-c", configuration, "-p", directory]))!;
        var url = new Uri($"http://127.0.0.1:{port}/");
        using var http = new HttpClient();
        while (true)
        {
            try
            {
                using HttpResponseMessage response = await http.GetAsync(url);
                return new S3Peer(process, url);
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                await Task.Delay(50);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
