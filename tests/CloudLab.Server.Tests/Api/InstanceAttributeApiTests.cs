using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Api;

/// <summary>What can be asked of and changed about an instance beside its state, over REST.</summary>
public sealed class InstanceAttributeApiTests(SqliteServerFixture fixture) : IClassFixture<SqliteServerFixture>
{
    private readonly TestServer _server = fixture.Server;

    private HttpClient Client => _server.Admin;

    [Fact]
    public async Task An_instance_has_an_etag_that_changes_with_it()
    {
        string id = await StoppedAsync();
        using HttpResponseMessage first = await SendAsync(HttpMethod.Get, $"/v1/instances/{id}");
        EntityTagHeaderValue tag = first.Headers.ETag!;
        Assert.False(tag.IsWeak);

        using HttpResponseMessage same = await SendAsync(HttpMethod.Get, $"/v1/instances/{id}", ifNoneMatch: tag.ToString());
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        Assert.Equal(tag, same.Headers.ETag);
        Assert.Equal(0, same.Content.Headers.ContentLength ?? 0);

        using HttpResponseMessage changed = await SendAsync(HttpMethod.Patch, $"/v1/instances/{id}", """{"tags":{"a":"1"}}""", ifMatch: tag.ToString());
        Assert.Equal("1", (string)(await changed.ReadAsync(HttpStatusCode.OK))["tags"]!["a"]!);
        Assert.NotEqual(tag, changed.Headers.ETag);

        using HttpResponseMessage stale = await SendAsync(HttpMethod.Patch, $"/v1/instances/{id}", """{"tags":{"a":"2"}}""", ifMatch: tag.ToString());
        Assert.Equal(HttpStatusCode.PreconditionFailed, stale.StatusCode);
        Assert.Equal("precondition-failed", await stale.ReadProblemAsync());
        using HttpResponseMessage weak =
            await SendAsync(HttpMethod.Delete, $"/v1/instances/{id}", ifMatch: "W/" + changed.Headers.ETag);
        Assert.Equal(HttpStatusCode.PreconditionFailed, weak.StatusCode);
        using HttpResponseMessage nonsense = await SendAsync(HttpMethod.Delete, $"/v1/instances/{id}", ifMatch: "7");
        Assert.Equal(HttpStatusCode.BadRequest, nonsense.StatusCode);
        Assert.Equal("invalid-request", await nonsense.ReadProblemAsync());
        using HttpResponseMessage any = await SendAsync(HttpMethod.Delete, $"/v1/instances/{id}", ifMatch: "*");
        Assert.Equal(HttpStatusCode.Accepted, any.StatusCode);
    }

    [Theory]
    [InlineData("/v1/images/cloudlab-linux")]
    [InlineData("/v1/instance-types/standard.small")]
    public async Task Whatever_is_shown_by_itself_has_an_etag(string path)
    {
        using HttpResponseMessage first = await SendAsync(HttpMethod.Get, path);
        using HttpResponseMessage same = await SendAsync(HttpMethod.Get, path, ifNoneMatch: $"\"other\", {first.Headers.ETag}");
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        using HttpResponseMessage other = await SendAsync(HttpMethod.Get, path, ifNoneMatch: "\"other\"");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task A_patch_changes_what_it_names_and_nothing_else()
    {
        string id = await StoppedAsync();
        JsonObject changed = await PatchAsync(id, """{"instanceType":"highcpu.medium","tags":{"a":"1","b":"2"},"disableApiTermination":true}""");
        Assert.Equal(("highcpu.medium", 2, true), ((string)changed["instanceType"]!, (int)changed["vcpus"]!, (bool)changed["disableApiTermination"]!));
        Assert.Equal("stop", (string)changed["shutdownBehavior"]!);
        changed = await PatchAsync(id, """{"tags":{"a":null,"c":"3"},"shutdownBehavior":"terminate"}""");
        Assert.Equal("""{"b":"2","c":"3"}""", changed["tags"]!.ToJsonString());
        Assert.Equal(("highcpu.medium", "terminate"), ((string)changed["instanceType"]!, (string)changed["shutdownBehavior"]!));

        await ProblemAsync(HttpMethod.Delete, $"/v1/instances/{id}", null, 409, "operation-not-permitted");
        await ProblemAsync(HttpMethod.Patch, $"/v1/instances/{id}", """{"disableApiTermination":null}""", 400, "invalid-request");
        await ProblemAsync(HttpMethod.Patch, $"/v1/instances/{id}", """{"state":"running"}""", 400, "invalid-request");
        await ProblemAsync(HttpMethod.Patch, $"/v1/instances/{id}", """{"instanceType":"standard.tiny"}""", 404, "instance-type-not-found");
        await ProblemAsync(HttpMethod.Patch, $"/v1/instances/{id}", """{"tags":{"CLOUDLAB:x":"1"}}""", 400, "invalid-parameter");
        await PatchAsync(id, """{"disableApiTermination":false}""");
        await Client.TerminateAsync(id);
    }

    [Fact]
    public async Task Tags_are_replaced_and_removed_and_found()
    {
        string id = await StoppedAsync();
        using HttpResponseMessage set = await SendAsync(HttpMethod.Put, $"/v1/instances/{id}/tags", $$$"""{"tags":{"Name":"{{{id}}}","a,b":"1"}}""");
        Assert.Equal(2, (await set.ReadAsync(HttpStatusCode.OK))["tags"]!.AsObject().Count);
        JsonObject found = await Client.GetAsync($"/v1/instances?tag:Name={id[..^2]}*&tag:a,b=1", HttpStatusCode.OK);
        Assert.Equal(id, (string)Assert.Single(found["instances"]!.AsArray())!["instanceId"]!);
        using HttpResponseMessage removed = await SendAsync(HttpMethod.Delete, $"/v1/instances/{id}/tags?key=a,b&key=none");
        Assert.Equal($$"""{"Name":"{{id}}"}""", (await removed.ReadAsync(HttpStatusCode.OK))["tags"]!.ToJsonString());
        await ProblemAsync(HttpMethod.Put, $"/v1/instances/{id}/tags", """{"tags":{"a":null}}""", 400, "invalid-parameter");
        await ProblemAsync(HttpMethod.Delete, $"/v1/instances/{id}/tags?keys=a", null, 400, "invalid-parameter");
        await Client.TerminateAsync(id);
    }

    [Fact]
    public async Task User_data_is_for_operators_and_not_in_any_list()
    {
        const string Secret = "IyEvYmluL3NoIyBzZWNyZXQ=";
        JsonObject created = await Client.PostAsync(
            "/v1/instances",
            $$"""{"imageId":"cloudlab-linux","instanceType":"standard.small","userData":"{{Secret}}"}""",
            HttpStatusCode.Accepted);
        string id = (string)created["instances"]![0]!["instanceId"]!;
        using HttpClient reader = await _server.ClientAsync(Role.Viewer);
        using HttpClient worker = await _server.ClientAsync(Role.Operator);

        Assert.Equal(Secret, (string)(await worker.GetAsync($"/v1/instances/{id}/user-data", HttpStatusCode.OK))["userData"]!);
        await reader.GetAsync($"/v1/instances/{id}/user-data", HttpStatusCode.Forbidden);
        Assert.DoesNotContain(Secret, (await reader.GetAsync($"/v1/instances/{id}", HttpStatusCode.OK)).ToJsonString(), StringComparison.Ordinal);
        await ProblemAsync(
            HttpMethod.Post, "/v1/instances", """{"imageId":"cloudlab-linux","instanceType":"standard.small","userData":"%"}""", 400, "invalid-request");
        await ProblemAsync(
            HttpMethod.Post,
            "/v1/instances",
            $$"""{"imageId":"cloudlab-linux","instanceType":"standard.small","userData":"{{Convert.ToBase64String(new byte[(16 << 10) + 1])}}"}""",
            400,
            "invalid-parameter");
        await Client.TerminateAsync(id);
    }

    [Fact]
    public async Task Transitions_tell_how_an_instance_came_to_its_state()
    {
        string id = await StoppedAsync();
        JsonArray transitions = (await Client.GetAsync($"/v1/instances/{id}/transitions", HttpStatusCode.OK))["transitions"]!.AsArray();
        Assert.Equal(["stopped", "stopping", "running", "pending"], transitions.Select(t => (string)t!["to"]!));
        Assert.Equal("Client.UserInitiatedShutdown", (string)transitions[0]!["reason"]!["code"]!);
        Assert.Null(transitions[^1]!["from"]);
        Assert.Equal((string)transitions[0]!["at"]!, (string)(await Client.GetAsync($"/v1/instances/{id}", HttpStatusCode.OK))["stateChangedAt"]!);
        await Client.TerminateAsync(id);
    }

    [Fact]
    public async Task What_is_on_a_console_is_there_when_the_instance_is_not()
    {
        string id = await StoppedAsync();
        await Client.WaitForConsoleAsync(id, "OK\n");
        await Client.TerminateAsync(id);
        await Client.WaitForConsoleAsync(id, "OK\n");
    }

    [Fact]
    public async Task As_many_instances_as_fit_are_created_and_a_refusal_says_what_would_fit()
    {
        await using TestServer server = await TestServer.StartAsync(
            EchoGuest.Kernel,
            configure: services => services.AddSmallHost(megabytes: 700));
        await server.Anonymous.PollAsync("/readyz", answer => (bool)answer["ready"]!);
        JsonObject created = await server.Admin.PostAsync(
            "/v1/instances",
            """{"imageId":"cloudlab-linux","instanceType":"standard.medium","minCount":1,"maxCount":100}""",
            HttpStatusCode.Accepted);
        Assert.Equal(2, created["instances"]!.AsArray().Count);
        JsonObject refused = await server.Admin.PostAsync(
            "/v1/instances",
            """{"imageId":"cloudlab-linux","instanceType":"standard.medium","minCount":2,"maxCount":3}""",
            HttpStatusCode.ServiceUnavailable);
        Assert.Equal("insufficient-instance-capacity", (string)refused["code"]!);
        Assert.Contains(
            "no host has room for 2 times standard.medium now: what fits, of one type alone, is 1 of standard.small, 1 of highcpu.medium",
            (string)refused["detail"]!,
            StringComparison.Ordinal);
        await ProblemAsync(
            HttpMethod.Post,
            "/v1/instances",
            """{"imageId":"cloudlab-linux","instanceType":"standard.medium","count":2,"maxCount":3}""",
            400,
            "invalid-parameter");
    }

    private async Task<string> StoppedAsync()
    {
        string id = await Client.RunInstanceAsync();
        await Client.WaitForConsoleAsync(id, "OK\n");
        await Client.PostAsync($"/v1/instances/{id}/stop?force=true", null, HttpStatusCode.Accepted);
        await Client.WaitForStateAsync(id, "stopped");
        return id;
    }

    private async Task<JsonObject> PatchAsync(string id, string json)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Patch, $"/v1/instances/{id}", json);
        return await response.ReadAsync(HttpStatusCode.OK);
    }

    private async Task ProblemAsync(HttpMethod method, string path, string? json, int status, string code)
    {
        using HttpResponseMessage response = await SendAsync(method, path, json);
        Assert.Equal((status, code), ((int)response.StatusCode, await response.ReadProblemAsync()));
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, string? json = null, string? ifMatch = null, string? ifNoneMatch = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/merge-patch+json");
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        if (ifNoneMatch is not null) request.Headers.TryAddWithoutValidation("If-None-Match", ifNoneMatch);
        return await Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
