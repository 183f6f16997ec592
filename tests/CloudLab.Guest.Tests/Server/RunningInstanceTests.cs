using System.Net.WebSockets;
using System.Text.Json.Nodes;
using CloudLab.Guest.Tests.Harness;

namespace CloudLab.Guest.Tests.Server;

public sealed class RunningInstanceTests(SqliteServer server) : IClassFixture<SqliteServer>
{
    [Fact]
    public async Task A_console_opens_with_the_token_and_with_a_ticket_once_and_all_see_the_same()
    {
        CloudInstance instance = await server.Client.CreateAsync("standard.medium");
        using CloudConsole byToken = await instance.OpenConsoleAsync();
        await byToken.Shell.PromptAsync();
        Assert.Equal("a42b", await byToken.Shell.RunAsync("echo a$((6*7))b"));

        (CloudConsole byTicket, string url) = await instance.OpenConsoleByTicketAsync();
        using (byTicket)
        {
            // What was there comes first.
            await byTicket.Shell.WaitForAsync("a42b\r\n");
            await byTicket.Shell.PromptAsync();
            await Assert.ThrowsAsync<WebSocketException>(() => server.Client.OpenSocketAsync(url, withToken: false));

            await byTicket.Shell.TypeAsync("echo typed in $((1+1))\n");
            await byTicket.Shell.WaitForAsync("typed in 2\r\n");
            await byToken.Shell.WaitForAsync("typed in 2\r\n");
        }

        // The one goes, the other stays.
        Assert.Equal("still 1", await byToken.Shell.RunAsync("echo still $((1))"));
        Assert.Contains("still 1\r\n", await instance.ConsoleAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Work_is_counted_and_a_small_instance_has_half_a_core()
    {
        CloudInstance instance = await server.Client.CreateAsync("standard.small");
        using CloudConsole console = await instance.OpenConsoleAsync();
        await console.Shell.PromptAsync();
        await console.Shell.RunAsync("{ while :; do :; done & } 2>/dev/null");

        JsonObject first = await instance.MetricsAsync();
        JsonObject later = await instance.UntilMetricsAsync(metrics => Seconds(metrics, "cpuSeconds") > Seconds(first, "cpuSeconds") + 1);
        Assert.True((ulong)later["instructions"]! > (ulong)first["instructions"]!);
        Assert.True(Sum(first, "exits") > 0 && Sum(later, "exits") > Sum(first, "exits"));
        Assert.True(Sum(first, "traps") > 0 && Sum(later, "traps") > Sum(first, "traps"));

        // A guest that always wants to run waits at least as long as it runs; the margin is a few slices' worth.
        double ran = Seconds(later, "cpuSeconds") - Seconds(first, "cpuSeconds");
        double waited = Seconds(later, "stealSeconds") - Seconds(first, "stealSeconds");
        Assert.True(waited > ran * 0.9, $"ran {ran} s and waited {waited} s");
    }

    private static double Seconds(JsonObject metrics, string name) => (double)metrics[name]!;

    private static long Sum(JsonObject metrics, string name) => metrics[name]!.AsObject().Sum(cause => (long)cause.Value!);
}
