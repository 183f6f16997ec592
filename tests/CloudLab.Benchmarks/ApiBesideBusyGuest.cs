using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using CloudLab.ControlPlane.Images.Building;

namespace CloudLab.Benchmarks;

/// <summary>How soon the API answers a list of instances while a guest of 8 vCPUs has all of them busy.</summary>
internal static class ApiBesideBusyGuest
{
    private const int Requests = 1000;

    public static async Task RunAsync(BuiltImage image)
    {
        await using LocalServer server = await LocalServer.StartAsync(image.Directory);
        using ClientWebSocket console = await server.BootAsync("highcpu.xlarge");
        // The first requests compile what answers them.
        await ListAsync(server);
        double[] idle = await ListAsync(server);
        string loops = string.Concat(Enumerable.Repeat("(while :; do :; done) & ", 8)) + "\n";
        await console.SendAsync(Encoding.UTF8.GetBytes(loops), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
        await Task.Delay(TimeSpan.FromSeconds(2));
        double[] busy = await ListAsync(server);
        double idle99 = Percentile(idle, 99), busy99 = Percentile(busy, 99);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"list of instances: idle p50 {Percentile(idle, 50):f2} ms, p99 {idle99:f2} ms; beside 8 busy vCPUs p50 {Percentile(busy, 50):f2} ms, p99 {busy99:f2} ms; allowed {(2 * idle99) + 5:f2} ms; of {Requests} each"));
    }

    /// <summary>One request after the other on one connection; milliseconds, sorted.</summary>
    private static async Task<double[]> ListAsync(LocalServer server)
    {
        double[] milliseconds = new double[Requests];
        for (int i = 0; i < Requests; i++)
        {
            long sent = Stopwatch.GetTimestamp();
            using HttpResponseMessage response = await server.Http.GetAsync(new Uri("/v1/instances", UriKind.Relative));
            response.EnsureSuccessStatusCode();
            await response.Content.ReadAsByteArrayAsync();
            milliseconds[i] = Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
            await Task.Delay(2);
        }

        Array.Sort(milliseconds);
        return milliseconds;
    }

    private static double Percentile(double[] sorted, int percent) => sorted[sorted.Length * percent / 100];
}
