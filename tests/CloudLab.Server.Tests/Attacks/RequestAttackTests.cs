using System.Text;
using System.Text.Json.Nodes;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Attacks;

/// <summary>Requests that are no proper HTTP, byte by byte. Each ends in a clear refusal or a closed connection, and others are served meanwhile.</summary>
public sealed class RequestAttackTests(SqliteServerFixture fixture) : IClassFixture<SqliteServerFixture>
{
    private readonly TestServer _server = fixture.Server;

    private string Host => _server.Url.Authority;

    [Fact]
    public async Task Too_many_headers_or_too_long_ones_are_refused()
    {
        Assert.Equal(431, await StatusAsync(Get("/healthz", Many("x: y\r\n", 200))));
        Assert.Equal(431, await StatusAsync(Get("/healthz", $"x: {new string('y', 20_000)}\r\n")));
        Assert.Equal(431, await StatusAsync(Get("/healthz", Many($"x: {new string('y', 1000)}\r\n", 20))));
        Assert.Equal(431, await StatusAsync(Get("/healthz", new string('n', 40_000) + ": y\r\n")));
    }

    [Fact]
    public async Task A_line_without_an_end_is_cut_off_at_the_limit()
    {
        Assert.Equal(414, await EndlessAsync("GET /", "a"));
        Assert.Equal(431, await EndlessAsync($"GET /healthz HTTP/1.1\r\nHost: {Host}\r\nx: ", "y"));
    }

    [Theory]
    [InlineData("/v1/../healthz", 200)] // RFC 3986 5.2.4: the dots are taken out, and nothing outside is reached.
    [InlineData("/../../../../etc/passwd", 404)]
    [InlineData("/%2e%2e/%2e%2e/etc/passwd", 404)]
    [InlineData("/console/assets/..%2f..%2fappsettings.json", 404)]
    [InlineData("/console/assets/..\\..\\x", 404)]
    [InlineData("/swagger/..%2f..%2fetc/passwd", 404)]
    [InlineData("/healthz%00", 400)]
    [InlineData("/healthz%2f", 404)]
    [InlineData("//healthz", 404)]
    [InlineData("/healthz;a=b", 404)]
    [InlineData("/%c0%ae%c0%ae/", 404)]
    [InlineData("/v1/%69nstances", 401)]
    public async Task A_path_reaches_only_what_it_names(string path, int status) => Assert.Equal(status, await StatusAsync(Get(path)));

    [Theory]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nGET /x HTTP/1.1\r\n\r\n")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6\r\n", "abcdef")]
    [InlineData("Content-Length: 5, 6\r\n", "abcdef")]
    [InlineData("Content-Length: +5\r\n", "abcde")]
    [InlineData("Content-Length: -1\r\n", "")]
    [InlineData("Content-Length: 0x5\r\n", "abcde")]
    [InlineData("Content-Length: 99999999999999999999\r\n", "a")]
    [InlineData("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nx\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n", "7fffffff1\r\nx\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n", "-1\r\nx\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n", "0x1\r\nx\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n", "1\r\nxy\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n", "1 ;\n0\r\n\r\n")]
    [InlineData(" Content-Length: 5\r\n", "abcde")]
    [InlineData("A: b\r\n Content-Length: 5\r\n", "abcde")]
    [InlineData("A\u0000: b\r\n", "")]
    [InlineData("A: b\rContent-Length: 5\r\n", "abcde")]
    public async Task A_body_whose_length_is_in_doubt_smuggles_no_second_request(string headers, string body)
    {
        string hidden = Get("/v1/instances", "X-Hidden: 1\r\n");
        string token = _server.Runner.Token.Secret;
        string request = $"POST /v1/tokens HTTP/1.1\r\nHost: {Host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{headers}\r\n{body}{hidden}";
        using RawConnection connection = await RawConnection.OpenAsync(_server.Url);
        await connection.SendAsync(request);
        connection.EndSending();
        RawResponse? first = await connection.ReadAsync();
        Assert.True(first is null || first.Status is 400 or 413 or 411 or 501, $"{first?.Status} {first?.Text}");
        // Whatever came after it is not taken for a request of its own.
        Assert.Null(await connection.ReadAsync());
    }

    [Theory]
    [InlineData("GET /healthz\r\n")]
    [InlineData("GET /healthz HTTP/0.9\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: a, b\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: [::1\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n")]
    [InlineData("GET /healthz HTTP/3.0\r\nHost: a\r\n\r\n")]
    [InlineData("GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("G<T /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET http://other.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n")]
    [InlineData("\r\n\r\n\r\n")]
    public async Task What_is_no_request_to_this_server_is_refused(string request)
    {
        using RawConnection connection = await RawConnection.OpenAsync(_server.Url);
        await connection.SendAsync(request);
        connection.EndSending();
        RawResponse? answer = await connection.ReadAsync();
        Assert.True(answer is null or { Status: 400 or 421 or 505 }, $"{answer?.Status} {answer?.Text}");
        await connection.ReadToCloseAsync();
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("localhost.")]
    [InlineData("LOCALHOST@evil.example")]
    [InlineData("")]
    public async Task Another_host_name_than_its_own_reaches_nothing(string host)
    {
        int? status = await StatusAsync($"GET /v1/me HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {_server.Runner.Token.Secret}\r\n\r\n");
        Assert.True(status is 400 or 421, $"{status}");
    }

    [Fact]
    public async Task A_connection_asked_for_as_of_a_proxy_is_not_made()
    {
        Assert.Equal(421, await StatusAsync("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"));
        Assert.Equal(405, await StatusAsync($"OPTIONS * HTTP/1.1\r\nHost: {Host}\r\n\r\n"));
        Assert.Equal(405, await StatusAsync($"TRACE /v1/me HTTP/1.1\r\nHost: {Host}\r\n\r\n"));
    }

    [Fact]
    public async Task A_body_that_is_too_deep_too_large_or_packed_is_refused()
    {
        Assert.Equal((400, "invalid-request"), await PostAsync("", Many("[", 200_000)));
        Assert.Equal((400, "invalid-request"), await PostAsync("", $$"""{"name":"x","description":{{Many("{\"a\":", 50)}}1{{Many("}", 50)}}}"""));
        Assert.Equal((413, "body-too-large"), await PostAsync("", $$"""{"name":"{{Many("x", 300_000)}}"}"""));
        Assert.Equal((415, "unsupported-media-type"), await PostAsync("Content-Encoding: gzip\r\n", "\u001f\u008b\u0008"));
        Assert.Equal((415, "unsupported-media-type"), await PostAsync("Content-Encoding: identity, br\r\n", "{}"));
    }

    [Fact]
    public async Task A_body_that_is_announced_too_large_is_refused_before_it_is_sent()
    {
        using RawConnection connection = await RawConnection.OpenAsync(_server.Url);
        await connection.SendAsync(
            $"POST /v1/tokens HTTP/1.1\r\nHost: {Host}\r\nAuthorization: Bearer {_server.Runner.Token.Secret}\r\n"
            + "Content-Type: application/json\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(413, (await connection.ReadAsync())?.Status);
    }

    private async Task<(int? Status, string? Code)> PostAsync(string headers, string body)
    {
        using RawConnection connection = await RawConnection.OpenAsync(_server.Url);
        await connection.SendAsync(
            $"POST /v1/tokens HTTP/1.1\r\nHost: {Host}\r\nAuthorization: Bearer {_server.Runner.Token.Secret}\r\n"
            + $"Content-Type: application/json\r\n{headers}Content-Length: {body.Length}\r\n\r\n{body}");
        RawResponse? answer = await connection.ReadAsync();
        return (answer?.Status, answer?.TryParse(out JsonNode? problem) == true ? (string?)problem!["code"] : null);
    }

    /// <summary>Sends a request, and looks that another client is served while its connection is open.</summary>
    private async Task<int?> StatusAsync(string request)
    {
        using RawConnection connection = await RawConnection.OpenAsync(_server.Url);
        await connection.SendAsync(request);
        RawResponse? answer = await connection.ReadAsync();
        if (answer?.Status >= 400 && answer.Body.Length > 0) Assert.Equal("application/problem+json", answer.ContentType);
        using HttpResponseMessage other = await _server.Admin.GetAsync(new Uri("/v1/me", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.True(other.IsSuccessStatusCode);
        return answer?.Status;
    }

    private async Task<int?> EndlessAsync(string start, string more)
    {
        using RawConnection connection = await RawConnection.OpenAsync(_server.Url);
        byte[] piece = Encoding.ASCII.GetBytes(Many(more, 4096));
        await connection.SendAsync(start);
        // Far beyond the limit: the server stops reading, answers and hangs up long before.
        for (int i = 0; i < 16 && await connection.SendAsync(piece); i++)
        {
        }

        return (await connection.ReadAsync())?.Status;
    }

    private string Get(string path, string headers = "") => $"GET {path} HTTP/1.1\r\nHost: {Host}\r\n{headers}\r\n";

    private static string Many(string text, int times) => string.Concat(Enumerable.Repeat(text, times));
}
