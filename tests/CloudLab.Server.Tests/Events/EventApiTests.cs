using System.Net;
using System.Text.Json.Nodes;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Events;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Events;

/// <summary>What callers do becomes events: listed, filtered and streamed.</summary>
public abstract class EventApiTests(ServerFixture fixture)
{
    [Fact]
    public async Task Calls_and_changes_of_state_become_events_of_the_account()
    {
        (_, HttpClient client) = await fixture.Server.AccountAsync();
        string id = await client.RunInstanceAsync();
        await client.PostAsync($"/v1/instances/{id}/stop", null, HttpStatusCode.Accepted);
        await client.WaitForStateAsync(id, "stopped");
        JsonArray events = (await client.GetAsync($"/v1/events?resourceId={id}", HttpStatusCode.OK))["events"]!.AsArray();

        // A call and the change that it makes are written together, in either order.
        Assert.Equal(
            new[] { "instances.create", "instances.state-changed running", "instances.stop", "instances.state-changed stopping", "instances.state-changed stopped" }
                .Order(StringComparer.Ordinal),
            events.Select(Describe).Order(StringComparer.Ordinal));
        JsonNode stop = events.Single(e => (string)e!["action"]! == "instances.stop")!;
        Assert.StartsWith("tok-", (string)stop["actor"]!, StringComparison.Ordinal);
        Assert.Equal(("admin", "instance", "ok"), ((string)stop["actorName"]!, (string)stop["resourceType"]!, (string)stop["outcome"]!));
        Assert.Equal("127.0.0.1", (string)stop["sourceAddress"]!);
        JsonNode stopped = events.First(e => Describe(e) == "instances.state-changed stopped")!;
        Assert.StartsWith("host/", (string)stopped["actor"]!, StringComparison.Ordinal);
        Assert.Equal("stopping", (string)stopped["details"]!["from"]!);

        // Of the others' events none is seen.
        JsonArray others = (await fixture.Server.Admin.GetAsync($"/v1/events?resourceId={id}", HttpStatusCode.OK))["events"]!.AsArray();
        Assert.Empty(others);
        await client.TerminateAsync(id);
        client.Dispose();
    }

    [Fact]
    public async Task What_is_refused_is_an_event_with_the_problems_code()
    {
        (AccountId account, HttpClient client) = await fixture.Server.AccountAsync();
        using HttpClient viewer = await fixture.Server.ClientAsync(account, Role.Viewer);
        (await viewer.PostAsync(Path("/v1/instances"), Http.Json("{}"), TestContext.Current.CancellationToken)).Dispose();
        (await client.PostAsync(Path("/v1/instances"), Http.Json("{}"), TestContext.Current.CancellationToken)).Dispose();
        (await client.PostAsync(Path("/v1/instances/i-0123456789abcdef0/stop"), null, TestContext.Current.CancellationToken)).Dispose();
        JsonArray events = (await client.GetAsync("/v1/events?outcome=refused", HttpStatusCode.OK))["events"]!.AsArray();
        Assert.Equal(
            ["instances.stop instance-not-found", "instances.create invalid-request", "instances.create forbidden"],
            events.Select(e => $"{e!["action"]} {e["errorCode"]}"));
        Assert.Equal("i-0123456789abcdef0", (string)events[0]!["resourceId"]!);
        client.Dispose();
    }

    [Fact]
    public async Task Pages_of_events_follow_each_other_newest_first()
    {
        (_, HttpClient client) = await fixture.Server.AccountAsync();
        for (int i = 0; i < 5; i++) await client.PostAsync("/v1/images", """{"name":"x"}""", HttpStatusCode.Created);
        List<string> ids = [];
        string? next = "";
        while (next is not null)
        {
            JsonObject page = await client.GetAsync("/v1/events?limit=2&action=images.*" + (next.Length > 0 ? "&nextToken=" + next : ""), HttpStatusCode.OK);
            ids.AddRange(page["events"]!.AsArray().Select(e => (string)e!["eventId"]!));
            next = (string?)page["nextToken"];
        }

        Assert.Equal(5, ids.Count);
        Assert.Equal(ids.OrderDescending(StringComparer.Ordinal), ids);
        client.Dispose();
    }

    [Fact]
    public async Task A_stream_sends_what_happens_and_goes_on_where_it_was_left()
    {
        (_, HttpClient client) = await fixture.Server.AccountAsync();
        string first, second;
        using (EventClient stream = await EventClient.OpenAsync(client, null))
        {
            await client.PostAsync("/v1/images", """{"name":"one"}""", HttpStatusCode.Created);
            first = await stream.NextIdAsync();
        }

        await client.PostAsync("/v1/images", """{"name":"two"}""", HttpStatusCode.Created);
        await client.PostAsync("/v1/images", """{"name":"three"}""", HttpStatusCode.Created);
        using (EventClient stream = await EventClient.OpenAsync(client, first))
        {
            second = await stream.NextIdAsync();
            string third = await stream.NextIdAsync();
            await client.PostAsync("/v1/images", """{"name":"four"}""", HttpStatusCode.Created);
            string fourth = await stream.NextIdAsync();
            Assert.Equal([first, second, third, fourth], new[] { first, second, third, fourth }.Order(StringComparer.Ordinal));
            Assert.Equal(4, new[] { first, second, third, fourth }.Distinct().Count());
        }

        using HttpResponseMessage refused = await EventClient.RequestAsync(client, "evt-7fffffffffffffff");
        Assert.Equal("invalid-parameter", await refused.ReadProblemAsync());
        client.Dispose();
    }

    [Fact]
    public async Task An_account_has_so_many_streams_and_no_more()
    {
        (_, HttpClient client) = await fixture.Server.AccountAsync();
        List<EventClient> open = [];
        for (int i = 0; i < EventStreams.MaxPerAccount; i++) open.Add(await EventClient.OpenAsync(client, null));
        using (HttpResponseMessage refused = await EventClient.RequestAsync(client, null))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.Equal("too-many-streams", await refused.ReadProblemAsync());
        }

        foreach (EventClient stream in open) stream.Dispose();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        // The server sees a closed connection a moment later.
        while (true)
        {
            using HttpResponseMessage again = await EventClient.RequestAsync(client, null);
            if (again.StatusCode == HttpStatusCode.OK) break;
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        client.Dispose();
    }

    [Fact]
    public async Task A_webhook_is_made_shown_changed_and_ended()
    {
        (_, HttpClient client) = await fixture.Server.AccountAsync();
        JsonObject made = await client.PostAsync(
            "/v1/webhooks", """{"url":"https://example.com/hook","actions":["instances.*"]}""", HttpStatusCode.Created);
        Assert.StartsWith("whsec_", (string)made["secret"]!, StringComparison.Ordinal);
        string id = (string)made["webhook"]!["webhookId"]!;
        JsonObject list = await client.GetAsync("/v1/webhooks", HttpStatusCode.OK);
        Assert.DoesNotContain((string)made["secret"]!, list.ToJsonString(), StringComparison.Ordinal);
        using HttpResponseMessage changed = await client.PutAsync(
            Path($"/v1/webhooks/{id}"), Http.Json("""{"url":"https://example.com/other","enabled":false}"""), TestContext.Current.CancellationToken);
        Assert.Equal("disabled", (string)(await changed.ReadAsync(HttpStatusCode.OK))["state"]!);
        Assert.Equal("https://example.com/other", (string)(await client.GetAsync($"/v1/webhooks/{id}", HttpStatusCode.OK))["url"]!);
        (await client.DeleteAsync(Path($"/v1/webhooks/{id}"), TestContext.Current.CancellationToken)).Dispose();
        using HttpResponseMessage gone = await client.GetAsync(Path($"/v1/webhooks/{id}"), TestContext.Current.CancellationToken);
        Assert.Equal("webhook-not-found", await gone.ReadProblemAsync());
        using HttpResponseMessage inside = await client.PostAsync(
            Path("/v1/webhooks"), Http.Json("""{"url":"http://169.254.169.254/"}"""), TestContext.Current.CancellationToken);
        Assert.Equal("invalid-parameter", await inside.ReadProblemAsync());
        JsonArray events = (await client.GetAsync($"/v1/events?resourceId={id}", HttpStatusCode.OK))["events"]!.AsArray();
        Assert.Equal(["webhooks.delete", "webhooks.change", "webhooks.create"], events.Select(e => (string)e!["action"]!));
        client.Dispose();
    }

    private static string Describe(JsonNode? e) => $"{e!["action"]} {e["details"]?["to"]}".TrimEnd();

    private static Uri Path(string path) => new(path, UriKind.Relative);
}

public sealed class EventApiOnSqliteTests(SqliteServerFixture fixture) : EventApiTests(fixture), IClassFixture<SqliteServerFixture>;

public sealed class EventApiOnPostgresTests(PostgresServerFixture fixture) : EventApiTests(fixture), IClassFixture<PostgresServerFixture>;
