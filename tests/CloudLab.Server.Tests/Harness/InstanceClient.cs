using System.Net;
using System.Text.Json.Nodes;

namespace CloudLab.Server.Tests.Harness;

internal static class InstanceClient
{
    /// <summary>Creates one instance and returns its id.</summary>
    public static async Task<string> CreateInstanceAsync(this HttpClient client)
    {
        const string Request = """{"imageId":"cloudlab-linux","instanceType":"standard.small","count":1}""";
        JsonObject created = await client.PostAsync("/v1/instances", Request, HttpStatusCode.Accepted);
        return (string)Assert.Single(created["instances"]!.AsArray())!["instanceId"]!;
    }

    /// <summary>Creates one instance and waits until it runs.</summary>
    public static async Task<string> RunInstanceAsync(this HttpClient client)
    {
        string id = await client.CreateInstanceAsync();
        await client.WaitForStateAsync(id, "running");
        return id;
    }

    public static Task<JsonObject> WaitForStateAsync(this HttpClient client, string id, string state) =>
        client.PollAsync($"/v1/instances/{id}", instance => (string?)instance["state"] == state);

    /// <summary>Waits until the console has this text.</summary>
    public static async Task WaitForConsoleAsync(this HttpClient client, string id, string text)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!(await client.GetStringAsync(new Uri($"/v1/instances/{id}/console", UriKind.Relative), TestContext.Current.CancellationToken))
            .Contains(text, StringComparison.Ordinal))
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
    }

    public static async Task TerminateAsync(this HttpClient client, string id)
    {
        using HttpResponseMessage response =
            await client.DeleteAsync(new Uri($"/v1/instances/{id}", UriKind.Relative), TestContext.Current.CancellationToken);
        await response.ReadAsync(HttpStatusCode.Accepted);
        await client.WaitForStateAsync(id, "terminated");
    }
}
