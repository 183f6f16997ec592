using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Api;

public sealed class ConsoleApiTests(SqliteServerFixture fixture) : IClassFixture<SqliteServerFixture>
{
    private readonly TestServer _server = fixture.Server;

    private string Token => _server.Runner.Token.Secret;

    [Fact]
    public async Task What_is_typed_reaches_the_guest_and_its_answer_every_client()
    {
        string id = await _server.Admin.RunInstanceAsync();
        using ConsoleClient first = await ConsoleClient.ConnectAsync(ConsoleClient.UrlOf(_server, id), Token);
        await first.ExpectAsync("OK\n");
        await first.TypeAsync("hello");
        await first.ExpectAsync("hello");

        using ConsoleClient second = await ConsoleClient.ConnectAsync(ConsoleClient.UrlOf(_server, id), Token);
        await second.ExpectAsync("OK\nhello");
        await second.TypeAsync(" world");
        await first.ExpectAsync(" world");

        using HttpResponseMessage output =
            await _server.Admin.GetAsync(new Uri($"/v1/instances/{id}/console", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("text/plain", output.Content.Headers.ContentType?.MediaType);
        Assert.Equal("OK\nhello world", await output.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        await first.CloseAsync();
        Assert.Equal(WebSocketCloseStatus.NormalClosure, first.CloseStatus);
        await _server.Admin.TerminateAsync(id);
    }

    [Fact]
    public async Task Much_more_input_than_the_guest_queues_arrives_whole_and_in_order()
    {
        string id = await _server.Admin.RunInstanceAsync();
        using ConsoleClient console = await ConsoleClient.ConnectAsync(ConsoleClient.UrlOf(_server, id), Token);
        string text = string.Concat(Enumerable.Range(0, 4000).Select(i => $"{i:D6};"));

        Task typing = console.TypeAsync(text);
        await console.ExpectAsync("OK\n" + text);

        await typing;
        await _server.Admin.TerminateAsync(id);
    }

    [Fact]
    public async Task A_stream_can_be_open_before_the_instance_is_placed_and_ends_with_it()
    {
        string id = await _server.Admin.CreateInstanceAsync();
        using ConsoleClient console = await ConsoleClient.ConnectAsync(ConsoleClient.UrlOf(_server, id), Token);
        await console.ExpectAsync("OK\n");

        await _server.Admin.TerminateAsync(id);
        await console.ReadToCloseAsync();

        Assert.Equal(WebSocketCloseStatus.NormalClosure, console.CloseStatus);
        Assert.Equal("the instance is terminated", console.CloseReason);
        Assert.Equal(409, await ConsoleClient.RefusalAsync(ConsoleClient.UrlOf(_server, id), Token));
    }

    [Fact]
    public async Task A_ticket_opens_the_stream_once_without_a_token()
    {
        string id = await _server.Admin.RunInstanceAsync();
        JsonObject ticket = await _server.Admin.PostAsync($"/v1/instances/{id}/console/ticket", null, HttpStatusCode.OK);
        Uri url = ConsoleClient.UrlOf(_server, id, "ticket=" + ticket["ticket"]);
        Assert.EndsWith(url.PathAndQuery, (string)ticket["url"]!, StringComparison.Ordinal);

        using (ConsoleClient console = await ConsoleClient.ConnectAsync(url, token: null, origin: $"http://{_server.Url.Authority}"))
            await console.ExpectAsync("OK\n");

        Assert.Equal(401, await ConsoleClient.RefusalAsync(url, token: null));
        await _server.Admin.TerminateAsync(id);
    }

    [Fact]
    public async Task A_ticket_opens_nothing_else()
    {
        string id = await _server.Admin.RunInstanceAsync();
        string other = await _server.Admin.RunInstanceAsync();
        JsonObject ticket = await _server.Admin.PostAsync($"/v1/instances/{id}/console/ticket", null, HttpStatusCode.OK);

        Assert.Equal(401, await ConsoleClient.RefusalAsync(ConsoleClient.UrlOf(_server, other, "ticket=" + ticket["ticket"]), token: null));

        ticket = await _server.Admin.PostAsync($"/v1/instances/{id}/console/ticket", null, HttpStatusCode.OK);
        using HttpResponseMessage read = await _server.Anonymous.GetAsync(
            new Uri($"/v1/instances/{id}?ticket={ticket["ticket"]}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, read.StatusCode);
        await _server.Admin.TerminateAsync(id);
        await _server.Admin.TerminateAsync(other);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("http://localhost:1")]
    [InlineData("null")]
    public async Task A_page_of_another_origin_is_refused(string origin)
    {
        string id = await _server.Admin.CreateInstanceAsync();
        JsonObject ticket = await _server.Admin.PostAsync($"/v1/instances/{id}/console/ticket", null, HttpStatusCode.OK);

        Assert.Equal(403, await ConsoleClient.RefusalAsync(ConsoleClient.UrlOf(_server, id, "ticket=" + ticket["ticket"]), null, origin));
        await _server.Admin.TerminateAsync(id);
    }

    [Fact]
    public async Task A_reader_may_read_the_output_but_not_type()
    {
        using HttpClient reader = await _server.ClientAsync(Role.Viewer);
        string id = await _server.Admin.RunInstanceAsync();

        await reader.WaitForConsoleAsync(id, "OK\n");
        await reader.PostAsync($"/v1/instances/{id}/console/ticket", null, HttpStatusCode.Forbidden);
        string token = reader.DefaultRequestHeaders.Authorization!.Parameter!;
        Assert.Equal(403, await ConsoleClient.RefusalAsync(ConsoleClient.UrlOf(_server, id), token));
        await _server.Admin.TerminateAsync(id);
    }

    [Fact]
    public async Task A_plain_request_to_the_stream_is_told_to_upgrade()
    {
        string id = await _server.Admin.CreateInstanceAsync();

        JsonObject problem = await _server.Admin.GetAsync($"/v1/instances/{id}/console/stream", HttpStatusCode.UpgradeRequired);

        Assert.Equal("upgrade-required", (string)problem["code"]!);
        await _server.Admin.TerminateAsync(id);
    }

    [Fact]
    public async Task A_server_that_stops_says_so_to_its_consoles()
    {
        await using TestServer server = await TestServer.StartAsync(EchoGuest.Kernel);
        await server.Anonymous.PollAsync("/readyz", answer => (bool)answer["ready"]!);
        string id = await server.Admin.RunInstanceAsync();
        using ConsoleClient console = await ConsoleClient.ConnectAsync(ConsoleClient.UrlOf(server, id), server.Runner.Token.Secret);
        await console.ExpectAsync("OK\n");

        Task stop = server.Runner.App.StopAsync(TestContext.Current.CancellationToken);
        await console.ReadToCloseAsync();
        await stop;

        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, console.CloseStatus);
    }
}
