using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.OpenApi;

public sealed class OpenApiTests(SqliteServerFixture fixture) : IClassFixture<SqliteServerFixture>
{
    /// <summary>Set to 1, the test writes the snapshot instead of comparing it.</summary>
    private const string UpdateVariable = "CLOUDLAB_UPDATE_SNAPSHOTS";

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly HttpClient _client = fixture.Server.Anonymous;

    [Fact]
    public async Task The_description_is_the_committed_one()
    {
        JsonObject document = await _client.GetAsync("/openapi/v1.json", HttpStatusCode.OK);
        string current = document.ToJsonString(Indented) + "\n";
        string file = Path.Combine(RepositoryRoot(), "docs", "openapi", "v1.json");
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, current, TestContext.Current.CancellationToken);
        }

        string committed = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.True(
            committed == current,
            $"The API has changed. If that is meant, run this test with {UpdateVariable}=1, look at the difference and commit it.");
    }

    [Fact]
    public async Task Every_operation_is_described()
    {
        JsonObject document = await _client.GetAsync("/openapi/v1.json", HttpStatusCode.OK);
        foreach ((string path, JsonNode? operations) in document["paths"]!.AsObject())
        {
            foreach ((string method, JsonNode? operation) in operations!.AsObject())
            {
                string name = $"{method} {path}";
                Assert.True(operation!["operationId"] is not null, name);
                Assert.True(operation["summary"] is not null, name);
                Assert.All(operation["parameters"]?.AsArray() ?? [], p => Assert.True(p!["description"] is not null, $"{name} {p}"));
                foreach ((string status, JsonNode? response) in operation["responses"]!.AsObject())
                {
                    Assert.False(string.IsNullOrEmpty((string?)response!["description"]), $"{name} {status}");
                    if (status[0] >= '4' && path.StartsWith("/v1", StringComparison.Ordinal))
                        Assert.True(response["content"]?["application/problem+json"] is not null, $"{name} {status}");
                }

                Assert.Equal(path.StartsWith("/v1/", StringComparison.Ordinal), operation["security"] is not null);
            }
        }
    }

    [Fact]
    public async Task Every_property_is_described()
    {
        JsonObject document = await _client.GetAsync("/openapi/v1.json", HttpStatusCode.OK);
        foreach ((string name, JsonNode? schema) in document["components"]!["schemas"]!.AsObject())
        {
            Assert.True(schema!["enum"] is not null || schema["description"] is not null, name);
            foreach ((string property, JsonNode? value) in schema["properties"]?.AsObject() ?? [])
                Assert.True(value!["description"] is not null, $"{name}.{property}: {value}");
        }
    }

    [Fact]
    public async Task What_can_be_null_is_told()
    {
        JsonObject document = await _client.GetAsync("/openapi/v1.json", HttpStatusCode.OK);
        JsonNode instance = document["components"]!["schemas"]!["Instance"]!["properties"]!;

        Assert.Equal("string", (string)instance["instanceId"]!["type"]!);
        Assert.Contains("null", instance["terminatedAt"]!["type"]!.AsArray().Select(t => (string)t!));
        Assert.Contains("null", instance["stateReason"]!["oneOf"]!.AsArray().Select(t => (string?)t!["type"]));
    }

    [Fact]
    public async Task What_is_limited_is_told_as_the_code_limits_it()
    {
        JsonObject document = await _client.GetAsync("/openapi/v1.json", HttpStatusCode.OK);
        JsonNode create = document["components"]!["schemas"]!["CreateInstancesRequest"]!["properties"]!;
        Assert.Equal((1, 100), ((int)create["minCount"]!["minimum"]!, (int)create["minCount"]!["maximum"]!));
        Assert.Equal(64, (int)create["clientToken"]!["maxLength"]!);
        Assert.Equal(4, (int)create["scratchDisks"]!["maxItems"]!);
        Assert.Equal(50, (int)create["tags"]!["maxProperties"]!);
        Assert.Equal(256, (int)create["tags"]!["additionalProperties"]!["maxLength"]!);
        JsonNode list = document["paths"]!["/v1/instances"]!["get"]!;
        JsonNode limit = list["parameters"]!.AsArray().Single(p => (string)p!["name"]! == "limit")!["schema"]!;
        Assert.Equal((1, 1000), ((int)limit["minimum"]!, (int)limit["maximum"]!));
        Assert.Contains(list["parameters"]!.AsArray(), p => (string)p!["name"]! == "tags");
        JsonNode get = document["paths"]!["/v1/instances/{id}"]!;
        Assert.NotNull(get["get"]!["responses"]!["304"]);
        Assert.NotNull(get["patch"]!["responses"]!["412"]);
        Assert.Null(get["patch"]!["responses"]!["304"]);
    }

    [Fact]
    public async Task The_page_offers_to_authorize_with_a_bearer_token()
    {
        JsonObject document = await _client.GetAsync("/openapi/v1.json", HttpStatusCode.OK);
        JsonNode scheme = document["components"]!["securitySchemes"]!["bearer"]!;
        Assert.Equal("http", (string)scheme["type"]!);
        Assert.Equal("bearer", (string)scheme["scheme"]!);
        JsonNode create = document["paths"]!["/v1/instances"]!["post"]!;
        Assert.NotNull(create["security"]![0]!["bearer"]);

        string page = await _client.GetStringAsync(new Uri("/swagger/index.html", UriKind.Relative), TestContext.Current.CancellationToken);
        string script = await _client.GetStringAsync(new Uri("/swagger/index.js", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Contains("swagger-ui", page, StringComparison.Ordinal);
        Assert.Contains("/openapi/v1.json", script, StringComparison.Ordinal);
        // The page's policy allows scripts from files only.
        Assert.DoesNotMatch("<script(?![^>]*src=)[^>]*>", page);
    }

    [Fact]
    public async Task The_console_page_loads_nothing_but_its_own_files()
    {
        using HttpResponseMessage response =
            await _client.GetAsync(new Uri("/console/i-0123456789abcdef0", UriKind.Relative), TestContext.Current.CancellationToken);
        string page = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal("text/html", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains("script-src 'self'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.DoesNotContain("://", page, StringComparison.Ordinal);
        foreach (string file in (string[])["console.js", "terminal.js", "console.css"])
            Assert.NotEmpty(await _client.GetStringAsync(new Uri($"/console/assets/{file}", UriKind.Relative), TestContext.Current.CancellationToken));
    }

    private static string RepositoryRoot()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "CloudLab.sln"))) directory = Path.GetDirectoryName(directory)!;
        return directory;
    }
}
