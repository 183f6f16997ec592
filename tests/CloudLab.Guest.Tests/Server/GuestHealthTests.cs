using System.Text.Json.Nodes;
using CloudLab.Guest.Tests.Harness;

namespace CloudLab.Guest.Tests.Server;

/// <summary>Guests that hang, panic or do not obey. The clock is the tests' own.</summary>
public sealed class GuestHealthTests(SqliteServer server) : IClassFixture<SqliteServer>
{
    private const string Panic = "echo c >/proc/sysrq-trigger\n";

    [Fact]
    public async Task The_instance_check_passes_is_impaired_while_the_guest_is_silent_and_passes_again()
    {
        CloudInstance instance = await server.Client.CreateAsync("standard.medium");
        using CloudConsole console = await instance.OpenConsoleAsync();
        await console.Shell.PromptAsync();
        List<string> seen = [];
        await instance.UntilAsync(view =>
        {
            seen.Add((string)view["statusChecks"]!["instance"]!);
            return seen[^1] == "passed";
        });
        Assert.Empty(seen.Except(["not-available", "initializing", "passed"]));

        await console.Shell.RunAsync("kill -STOP $(pidof agent)");
        server.Time.Advance(TimeSpan.FromSeconds(61));
        JsonObject impaired = await instance.CheckAsync("impaired");
        Assert.Equal("running", (string?)impaired["state"]);
        Assert.Equal("passed", (string?)impaired["statusChecks"]!["system"]);

        await console.Shell.RunAsync("kill -CONT $(pidof agent)");
        await instance.CheckAsync("passed");
        await instance.TerminateAsync();
    }

    [Fact]
    public async Task A_panic_is_the_reason_and_the_third_within_a_minute_stops_the_instance()
    {
        CloudInstance instance = await server.Client.CreateAsync("standard.medium");
        using CloudConsole console = await instance.OpenConsoleAsync();
        await console.Shell.PromptAsync();
        for (int panics = 1; panics <= 2; panics++)
        {
            await console.Shell.TypeAsync(Panic);
            await console.Shell.WaitForAsync("Kernel panic - not syncing");
            // The kernel restarts itself.
            await console.Shell.WaitForAsync("built-in shell");
            await console.Shell.PromptAsync();
            JsonObject view = await instance.UntilAsync(view => view["stateReason"] is not null);
            Assert.Equal("running", (string?)view["state"]);
            Assert.Equal("Client.KernelPanic", (string?)view["stateReason"]!["code"]);
            Assert.Equal("Client.KernelPanic: Kernel panic - not syncing: sysrq triggered crash", (string?)view["stateReason"]!["message"]);
        }

        await console.Shell.TypeAsync(Panic);
        JsonObject stopped = await instance.StateAsync("stopped");
        Assert.Equal("Client.KernelPanic", (string?)stopped["stateReason"]!["code"]);
        Assert.Contains("3 kernel panics within a minute", (string?)stopped["stateReason"]!["message"], StringComparison.Ordinal);
        Assert.Contains("sysrq triggered crash", (string?)stopped["stateReason"]!["message"], StringComparison.Ordinal);

        // Started again, it has another three.
        await instance.AskAsync("start");
        await console.Shell.WaitForAsync("built-in shell");
        await console.Shell.PromptAsync();
        await console.Shell.TypeAsync(Panic);
        await console.Shell.WaitForAsync("built-in shell");
        await console.Shell.PromptAsync();
        await instance.UntilAsync(view => view["stateReason"] is not null);
        Assert.Equal("running", (string?)(await instance.GetAsync())["state"]);
        await instance.TerminateAsync();
    }

    [Fact]
    public async Task A_guest_that_does_not_obey_is_stopped_when_its_time_is_over()
    {
        CloudInstance instance = await server.Client.CreateAsync("standard.medium");
        using CloudConsole console = await instance.OpenConsoleAsync();
        await console.Shell.PromptAsync();
        await instance.CheckAsync("passed");
        await console.Shell.RunAsync("until [ -s /run/acpid.pid ]; do usleep 20000; done; kill -STOP $(pidof agent acpid)");
        await instance.AskAsync("stop");
        Assert.Equal("still here", await console.Shell.RunAsync("echo still here"));
        Assert.Equal("stopping", (string?)(await instance.GetAsync())["state"]);

        server.Time.Advance(TimeSpan.FromSeconds(21));
        await instance.StateAsync("stopped");
        await instance.TerminateAsync();
    }

    [Fact]
    public async Task A_guest_that_is_asked_to_stop_before_it_listens_obeys_when_it_does()
    {
        CloudInstance instance = await server.Client.CreateAsync("standard.medium");
        await instance.StateAsync("running");
        await instance.AskAsync("stop");
        // The tests' clock stands still, so nothing is forced.
        await instance.StateAsync("stopped");
        await instance.TerminateAsync();
    }
}
