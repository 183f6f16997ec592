using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Api;

/// <summary>Whatever is wrong with a request, the answer is a problem that says so.</summary>
public sealed class ProblemTests(SqliteServerFixture fixture) : IClassFixture<SqliteServerFixture>
{
    private readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData("GET", "/nowhere", 404, "path-not-found")]
    [InlineData("GET", "/v1/nowhere", 404, "path-not-found")]
    [InlineData("PUT", "/v1/instances", 405, "method-not-allowed")]
    [InlineData("GET", "/v1/instances/i-0123456789abcdef0", 404, "instance-not-found")]
    [InlineData("GET", "/v1/instances/i-0123456789ABCDEF0", 404, "instance-not-found")]
    [InlineData("GET", "/v1/instances/nonsense", 404, "instance-not-found")]
    [InlineData("GET", "/v1/instances/%0d%0a", 404, "instance-not-found")]
    [InlineData("GET", "/v1/instances/i-0123456789abcdef0/console", 404, "instance-not-found")]
    [InlineData("GET", "/v1/instances/i-0123456789abcdef0/metrics", 404, "instance-not-found")]
    [InlineData("POST", "/v1/instances/i-0123456789abcdef0/stop", 404, "instance-not-found")]
    [InlineData("DELETE", "/v1/instances/nonsense", 404, "instance-not-found")]
    [InlineData("GET", "/v1/images/nothing", 404, "image-not-found")]
    [InlineData("GET", "/v1/instance-types/standard.gigantic", 404, "instance-type-not-found")]
    [InlineData("GET", "/v1/instances?limit=0", 400, "invalid-parameter")]
    [InlineData("GET", "/v1/instances?limit=ten", 400, "invalid-request")]
    [InlineData("GET", "/v1/instances?state=dreaming", 400, "invalid-parameter")]
    [InlineData("GET", "/v1/instances?nextToken=nonsense", 400, "invalid-parameter")]
    [InlineData("GET", "/v1/instances?stat=running", 400, "invalid-parameter")]
    [InlineData("GET", "/v1/instances?tag:Name=%5C", 400, "invalid-parameter")]
    [InlineData("GET", "/v1/instances?Limit=5", 400, "invalid-parameter")]
    [InlineData("GET", "/v1/images?x=1", 400, "invalid-parameter")]
    [InlineData("POST", "/v1/instances/i-0123456789abcdef0/stop?forced=true", 400, "invalid-parameter")]
    [InlineData("POST", "/v1/instances/i-0123456789abcdef0/stop?force=maybe", 400, "invalid-request")]
    [InlineData("GET", "/v1/instances/i-0123456789abcdef0/transitions", 404, "instance-not-found")]
    [InlineData("GET", "/v1/instances/nonsense/user-data", 404, "instance-not-found")]
    public async Task A_request_for_what_is_not_there_is_answered(string method, string path, int status, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        using HttpResponseMessage response = await _server.Admin.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, await response.ReadProblemAsync());
    }

    [Theory]
    [InlineData("", "JSON body")]
    [InlineData("{", "line 1")]
    [InlineData("[]", "object")]
    [InlineData("null", "JSON body")]
    [InlineData("{}", "'imageId', 'instanceType'")]
    [InlineData("""{"imageId":"a","instanceType":"b","cuont":1}""", "'cuont'")]
    [InlineData("""{"imageId":"a","instanceType":"b","imageId":"c"}""", "'imageId'")]
    [InlineData("""{"imageId":"a","instanceType":"b","count":"1"}""", "$.count")]
    [InlineData("""{"imageId":"a","instanceType":"b","count":1.5}""", "$.count")]
    [InlineData("""{"imageId":null,"instanceType":"b"}""", "$.imageId")]
    [InlineData("""{"imageId":"a","instanceType":"b","shutdownBehavior":"explode"}""", "$.shutdownBehavior")]
    [InlineData("""{"imageId":"a","instanceType":"b","shutdownBehavior":1}""", "$.shutdownBehavior")]
    [InlineData("""{"imageId":"a","instanceType":"b","tags":{"a":{}}}""", "$.tags")]
    public async Task A_malformed_body_is_answered_by_the_name_of_what_is_wrong(string body, string named)
    {
        using HttpResponseMessage response = await CreateAsync(Http.Json(body));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains(named, (string)JsonNode.Parse(text)!["detail"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("CloudLab.", text, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", text, StringComparison.Ordinal);
        Assert.Equal("invalid-request", await response.ReadProblemAsync());
    }

    [Theory]
    [InlineData("""{"imageId":"cloudlab-linux","instanceType":"standard.small","count":0}""", 400, "invalid-parameter")]
    [InlineData("""{"imageId":"cloudlab-linux","instanceType":"standard.small","count":101}""", 400, "invalid-parameter")]
    [InlineData("""{"imageId":"cloudlab-linux","instanceType":"standard.small","tags":{"":"x"}}""", 400, "invalid-parameter")]
    [InlineData("""{"imageId":"cloudlab-linux","instanceType":"standard.gigantic"}""", 404, "instance-type-not-found")]
    [InlineData("""{"imageId":"plan9","instanceType":"standard.small"}""", 404, "image-not-found")]
    public async Task A_request_that_cannot_be_met_is_answered(string body, int status, string code)
    {
        using HttpResponseMessage response = await CreateAsync(Http.Json(body));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, await response.ReadProblemAsync());
    }

    [Fact]
    public async Task A_body_of_another_type_is_refused()
    {
        using HttpResponseMessage response = await CreateAsync(new StringContent("imageId=a", Encoding.UTF8, "application/x-www-form-urlencoded"));

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Equal("unsupported-media-type", await response.ReadProblemAsync());
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused()
    {
        using HttpResponseMessage response = await CreateAsync(Http.Json(new string(' ', 300 << 10)));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("body-too-large", await response.ReadProblemAsync());
    }

    [Theory]
    [InlineData("Bearer wrong")]
    [InlineData("Bearer cloudlab_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task A_wrong_token_is_refused(string header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/v1/instances", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", header);
        using HttpResponseMessage response = await _server.Anonymous.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("invalid_token", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.Equal("invalid-token", await response.ReadProblemAsync());
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("localhost.evil.example:8080")]
    public async Task A_rebound_host_name_is_refused(string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/healthz", UriKind.Relative));
        request.Headers.Host = host;
        using HttpResponseMessage response = await _server.Anonymous.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.MisdirectedRequest, response.StatusCode);
        Assert.Equal("host-not-allowed", await response.ReadProblemAsync());
    }

    [Fact]
    public async Task A_client_that_takes_no_json_gets_the_problem_nonetheless()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/v1/instances/nonsense/console", UriKind.Relative));
        request.Headers.Accept.ParseAdd("text/plain");
        using HttpResponseMessage response = await _server.Admin.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal("instance-not-found", await response.ReadProblemAsync());
    }

    [Fact]
    public async Task Every_answer_tells_browsers_to_do_nothing_with_it()
    {
        foreach (string path in (string[])["/healthz", "/nowhere", "/v1/instances", "/v1/instances?limit=ten"])
        {
            using HttpResponseMessage response = await _server.Admin.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.True(response.Headers.CacheControl!.NoStore);
            Assert.False(response.Headers.Contains("Server"));
        }
    }

    [Fact]
    public async Task What_is_no_http_at_all_harms_nobody()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_server.Url.Host, _server.Url.Port, TestContext.Current.CancellationToken);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync("\0\u0001nonsense\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);

        Assert.StartsWith("HTTP/1.1 400", await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await _server.Anonymous.GetAsync("/healthz", HttpStatusCode.OK);
    }

    private async Task<HttpResponseMessage> CreateAsync(HttpContent content)
    {
        using (content)
            return await _server.Admin.PostAsync(new Uri("/v1/instances", UriKind.Relative), content, TestContext.Current.CancellationToken);
    }
}
