using System.Text.Json.Nodes;
using CloudLab.Guest.Tests.Harness;
using CloudLab.Testing;

namespace CloudLab.Guest.Tests.Server;

/// <summary>A server that ends takes its machines with it; the next one on the same data starts those that should run.</summary>
public sealed class RestartTests(BootImage image)
{
    [Fact]
    public async Task A_server_that_starts_again_brings_back_what_should_run_and_nothing_else()
    {
        await using CloudServer server = await CloudServer.StartAsync(image);
        CloudInstance running = await BootAsync(server.Client);
        CloudInstance stopped = await BootAsync(server.Client);
        await stopped.CheckAsync("passed");
        await stopped.AskAsync("stop");
        await stopped.StateAsync("stopped");
        CloudInstance terminated = await BootAsync(server.Client);
        await terminated.TerminateAsync();

        await server.StopAsync();
        await server.StartAsync();

        await CameBackAsync(running.At(server.Client));
        Assert.Equal("stopped", (string?)(await stopped.At(server.Client).GetAsync())["state"]);
        Assert.Equal("terminated", (string?)(await terminated.At(server.Client).GetAsync())["state"]);
        await stopped.At(server.Client).AskAsync("start");
        await PromptAsync(stopped.At(server.Client));
    }

    [Fact]
    public async Task A_server_that_was_killed_brings_back_what_should_run()
    {
        using var data = new TempDirectory();
        await image.ImportAsync(data.Path);
        CloudInstance instance;
        CloudInstance unseen;
        await using (ServerProcess first = await ServerProcess.StartAsync(data.Path))
        {
            instance = await BootAsync(first.Client);
            // What was answered is kept, also when the server had no time to do it.
            unseen = await first.Client.CreateAsync("highcpu.medium");
            await first.KillAsync();
        }

        await using ServerProcess second = await ServerProcess.StartAsync(data.Path);
        await CameBackAsync(instance.At(second.Client));
        await unseen.At(second.Client).StateAsync("running");
        await PromptAsync(unseen.At(second.Client));
    }

    private static async Task<CloudInstance> BootAsync(CloudClient client)
    {
        CloudInstance instance = await client.CreateAsync("highcpu.medium");
        await PromptAsync(instance);
        return instance;
    }

    private static Task<string> PromptAsync(CloudInstance instance) =>
        instance.ConsoleAsync(text => text.Contains("/ # ", StringComparison.Ordinal));

    private static async Task CameBackAsync(CloudInstance instance)
    {
        JsonObject view = await instance.StateAsync("running");
        Assert.Equal("Server.HostRestarted", (string?)view["stateReason"]?["code"]);
        await PromptAsync(instance);
    }
}
