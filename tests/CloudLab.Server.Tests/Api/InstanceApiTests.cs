using System.Net;
using System.Text.Json.Nodes;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Api;

/// <summary>An instance's life over REST, with a real machine behind it.</summary>
public abstract class InstanceApiTests(ServerFixture fixture)
{
    private HttpClient Client => fixture.Server.Admin;

    [Fact]
    public async Task A_created_instance_runs_stops_starts_and_terminates()
    {
        JsonObject created = await Client.PostAsync(
            "/v1/instances", """{"imageId":"cloudlab-linux","instanceType":"standard.small","count":1,"tags":{"role":"web"}}""",
            HttpStatusCode.Accepted);
        JsonObject instance = Assert.Single(created["instances"]!.AsArray())!.AsObject();
        string id = (string)instance["instanceId"]!;
        Assert.Matches("^i-[0-9a-f]{17}$", id);
        Assert.Equal("pending", (string)instance["state"]!);
        Assert.Equal("web", (string)instance["tags"]!["role"]!);
        Assert.Matches("^ami-[0-9a-f]{17}$", (string)instance["imageId"]!);

        await Client.WaitForStateAsync(id, "running");
        JsonObject change = await Client.PostAsync($"/v1/instances/{id}/stop", null, HttpStatusCode.Accepted);
        Assert.Equal("running", (string)change["previousState"]!);
        Assert.Equal("stopping", (string)change["state"]!);
        JsonObject stopped = await Client.WaitForStateAsync(id, "stopped");
        Assert.Equal("Client.UserInitiatedShutdown", (string)stopped["stateReason"]!["code"]!);

        change = await Client.PostAsync($"/v1/instances/{id}/start", null, HttpStatusCode.Accepted);
        Assert.Equal("pending", (string)change["state"]!);
        await Client.WaitForStateAsync(id, "running");
        await Client.TerminateAsync(id);

        JsonObject list = await Client.GetAsync("/v1/instances?state=terminated", HttpStatusCode.OK);
        Assert.Contains(list["instances"]!.AsArray(), i => (string)i!["instanceId"]! == id);
    }

    [Fact]
    public async Task A_reboot_keeps_the_instance_and_runs_the_guest_anew()
    {
        string id = await Client.RunInstanceAsync();
        await Client.WaitForConsoleAsync(id, "OK\n");

        JsonObject change = await Client.PostAsync($"/v1/instances/{id}/reboot?clientToken={id}", null, HttpStatusCode.Accepted);
        await Client.PostAsync($"/v1/instances/{id}/reboot?clientToken={id}", null, HttpStatusCode.Accepted);

        Assert.Equal("running", (string)change["state"]!);
        await Client.WaitForConsoleAsync(id, "OK\nOK\n");
        await Client.TerminateAsync(id);
    }

    [Fact]
    public async Task The_same_client_token_creates_once()
    {
        string request = $$"""{"imageId":"cloudlab-linux","instanceType":"standard.small","count":2,"clientToken":"{{Guid.NewGuid()}}"}""";

        JsonObject first = await Client.PostAsync("/v1/instances", request, HttpStatusCode.Accepted);
        JsonObject second = await Client.PostAsync("/v1/instances", request, HttpStatusCode.Accepted);
        string[] ids = IdsOf(first);

        Assert.Equal(2, ids.Length);
        Assert.Equal(ids, IdsOf(second));
        using HttpResponseMessage other = await Client.PostAsync(
            new Uri("/v1/instances", UriKind.Relative), Http.Json(request.Replace("\"count\":2", "\"count\":1", StringComparison.Ordinal)),
            TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Equal("idempotent-parameter-mismatch", await other.ReadProblemAsync());
        foreach (string id in ids) await Client.TerminateAsync(id);
    }

    [Fact]
    public async Task Pages_follow_each_other_without_gaps()
    {
        string[] created = [await Client.CreateInstanceAsync(), await Client.CreateInstanceAsync(), await Client.CreateInstanceAsync()];

        var listed = new List<string>();
        string? next = "";
        while (next is not null)
        {
            JsonObject page = await Client.GetAsync(
                "/v1/instances?limit=1" + (next.Length > 0 ? "&nextToken=" + next : ""), HttpStatusCode.OK);
            listed.AddRange(IdsOf(page));
            next = (string?)page["nextToken"];
        }

        Assert.Equal(listed.Distinct(), listed);
        Assert.Equal(created.Reverse(), listed.Where(created.Contains));
        foreach (string id in created) await Client.TerminateAsync(id);
    }

    [Fact]
    public async Task A_guest_that_powers_itself_off_is_stopped_with_that_reason()
    {
        string id = await Client.RunInstanceAsync();
        using (ConsoleClient console = await ConsoleClient.ConnectAsync(ConsoleClient.UrlOf(fixture.Server, id), fixture.Server.Runner.Token.Secret))
        {
            await console.ExpectAsync("OK\n");
            await console.TypeAsync("q");
        }

        JsonObject stopped = await Client.WaitForStateAsync(id, "stopped");
        Assert.Equal("Client.InstanceInitiatedShutdown", (string)stopped["stateReason"]!["code"]!);
        await Client.TerminateAsync(id);
    }

    [Fact]
    public async Task Metrics_show_exits_and_traps_apart()
    {
        string id = await Client.RunInstanceAsync();
        await Client.WaitForConsoleAsync(id, "OK\n");

        JsonObject metrics = await Client.GetAsync($"/v1/instances/{id}/metrics", HttpStatusCode.OK);

        Assert.True((long)metrics["instructions"]! > 10);
        Assert.True((double)metrics["cpuSeconds"]! > 0);
        Assert.True((long)metrics["exits"]!["mmio.uart.write"]! >= 3);
        Assert.NotNull(metrics["traps"]);
        JsonNode vcpu = Assert.Single(metrics["vcpus"]!.AsArray())!;
        foreach (string all in new[] { "instructions", "cpuSeconds", "exits", "traps" })
            Assert.True(JsonNode.DeepEquals(metrics[all], vcpu[all]), all);
        await Client.TerminateAsync(id);
        using HttpResponseMessage gone =
            await Client.GetAsync(new Uri($"/v1/instances/{id}/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("incorrect-instance-state", await gone.ReadProblemAsync());
    }

    [Fact]
    public async Task A_terminated_instance_cannot_be_started()
    {
        string id = await Client.RunInstanceAsync();
        await Client.TerminateAsync(id);

        using HttpResponseMessage response = await Client.PostAsync(
            new Uri($"/v1/instances/{id}/start", UriKind.Relative), null, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("incorrect-instance-state", await response.ReadProblemAsync());
    }

    [Fact]
    public async Task Types_and_images_can_be_listed_and_read()
    {
        JsonObject types = await Client.GetAsync("/v1/instance-types", HttpStatusCode.OK);
        Assert.Equal(10, types["instanceTypes"]!.AsArray().Count);
        JsonObject small = await Client.GetAsync("/v1/instance-types/standard.small", HttpStatusCode.OK);
        Assert.Equal(128L << 20, (long)small["memoryBytes"]!);

        JsonObject image = await Client.GetAsync("/v1/images/cloudlab-linux", HttpStatusCode.OK);
        Assert.Equal("available", (string)image["state"]!);
        JsonObject same = await Client.GetAsync($"/v1/images/{image["imageId"]}", HttpStatusCode.OK);
        Assert.Equal((string)image["kernel"]!["sha256"]!, (string)same["kernel"]!["sha256"]!);
        Assert.Single((await Client.GetAsync("/v1/images", HttpStatusCode.OK))["images"]!.AsArray());
    }

    private static string[] IdsOf(JsonObject list) => [.. list["instances"]!.AsArray().Select(i => (string)i!["instanceId"]!)];
}

public sealed class InstanceApiOnSqliteTests(SqliteServerFixture fixture) : InstanceApiTests(fixture), IClassFixture<SqliteServerFixture>;

public sealed class InstanceApiOnPostgresTests(PostgresServerFixture fixture) : InstanceApiTests(fixture), IClassFixture<PostgresServerFixture>;
