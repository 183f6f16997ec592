using System.Net.WebSockets;
using System.Text.Json.Nodes;
using CloudLab.Guest.Tests.Harness;

namespace CloudLab.Guest.Tests.Server;

/// <summary>The whole life of an instance over REST, on each database.</summary>
public abstract class InstanceLifeTests(ServerFixture server)
{
    private const string Banner = "built-in shell";

    [Fact]
    public async Task An_instance_boots_to_a_prompt_reboots_with_clean_ram_and_ends()
    {
        CloudInstance instance = await server.Client.CreateAsync("standard.medium");
        await instance.StateAsync("running");
        await instance.ConsoleAsync(text => text.Contains("/ # ", StringComparison.Ordinal));
        using CloudConsole console = await instance.OpenConsoleAsync();
        await console.Shell.PromptAsync();
        await console.Shell.RunAsync("touch /marker");

        JsonObject answer = await instance.AskAsync("reboot");
        Assert.Equal((instance.Id, "running"), ((string?)answer["instanceId"], (string?)answer["state"]));
        await BootedAsync(console);
        await console.Shell.RunAsync("[ ! -e /marker ]");
        Assert.Equal("running", (string?)(await instance.GetAsync())["state"]);

        await instance.TerminateAsync();
        await console.ClosedAsync();
        Assert.Equal(WebSocketCloseStatus.NormalClosure, console.CloseStatus);
        Assert.Equal("Client.UserInitiatedShutdown", await ReasonAsync(instance));
    }

    [Fact]
    public async Task A_guest_that_powers_off_stops_its_instance_which_starts_again_and_stops_when_asked()
    {
        CloudInstance instance = await server.Client.CreateAsync("standard.medium");
        using CloudConsole console = await instance.OpenConsoleAsync();
        await console.Shell.PromptAsync();
        await console.Shell.RunAsync("touch /marker");
        await console.Shell.TypeAsync("poweroff -f\n");
        await instance.StateAsync("stopped");
        Assert.Equal("Client.InstanceInitiatedShutdown", await ReasonAsync(instance));

        Assert.Equal("pending", (string?)(await instance.AskAsync("start"))["state"]);
        await BootedAsync(console);
        await console.Shell.RunAsync("[ ! -e /marker ]");
        JsonObject passed = await instance.CheckAsync("passed");
        Assert.Equal("running", (string?)passed["state"]);
        Assert.Null(passed["stateReason"]);

        // The fixture's clock stands still, so that no time-out ends the guest: it obeys.
        Assert.Equal("stopping", (string?)(await instance.AskAsync("stop"))["state"]);
        await console.Shell.WaitForAsync("The system is going down NOW!");
        await instance.StateAsync("stopped");
        Assert.Equal("Client.UserInitiatedShutdown", await ReasonAsync(instance));

        await instance.TerminateAsync();
    }

    private static async Task BootedAsync(CloudConsole console)
    {
        await console.Shell.WaitForAsync(Banner);
        await console.Shell.PromptAsync();
    }

    private static async Task<string?> ReasonAsync(CloudInstance instance) =>
        (string?)(await instance.GetAsync())["stateReason"]?["code"];
}

public sealed class InstanceLifeOnSqliteTests(SqliteServer server) : InstanceLifeTests(server), IClassFixture<SqliteServer>;

public sealed class InstanceLifeOnPostgresTests(PostgresServer server) : InstanceLifeTests(server), IClassFixture<PostgresServer>;
