using System.Text.Json.Nodes;
using CloudLab.Server.Tests.Fuzzing;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.OpenApi;

/// <summary>What a reader finds at every operation, also those to come: who may, what goes in and out, by example.</summary>
public sealed class DocumentationTests(SqliteServerFixture fixture) : IClassFixture<SqliteServerFixture>
{
    private const int MaxDepth = 8;

    [Fact]
    public async Task Every_operation_says_what_it_is_and_who_may()
    {
        ApiDocument document = await ApiDocument.LoadAsync(fixture.Server);

        Check(document, operation =>
        [
            Missing(operation.Description["operationId"] is not null, "an operationId"),
            Missing(!string.IsNullOrEmpty((string?)operation.Description["summary"]), "a summary"),
            Missing(operation.Description["tags"]?.AsArray().Count == 1, "one tag"),
            Missing(operation.Description["security"] is null
                || ((string?)operation.Description["description"])?.Contains("Needs the permission `", StringComparison.Ordinal) == true, "its permission"),
        ]);
        Assert.Equal(document.Operations.Count, document.Operations.Select(o => o.Id).Distinct().Count());
    }

    [Fact]
    public async Task Every_parameter_has_words_and_an_example_or_a_default()
    {
        ApiDocument document = await ApiDocument.LoadAsync(fixture.Server);

        Check(document, operation => operation.Parameters.SelectMany(p => new[]
        {
            Missing(!string.IsNullOrEmpty((string?)p["description"]), $"words for {p["name"]}"),
            Missing(p["example"] is not null || IsShown(p) || HasExample(document, p["schema"]!), $"an example of {p["name"]}"),
        }));
    }

    [Fact]
    public async Task Every_body_and_every_success_has_an_example()
    {
        ApiDocument document = await ApiDocument.LoadAsync(fixture.Server);

        Check(document, operation => Contents(operation).Select(c =>
            Missing(c.Media["example"] is not null || c.Media["examples"] is not null || Gap(document, c.Media["schema"], "", 0) is null,
                $"an example of {c.What}{Gap(document, c.Media["schema"], "", 0)}")));
    }

    [Fact]
    public async Task Every_response_has_words_and_a_success_is_among_them()
    {
        ApiDocument document = await ApiDocument.LoadAsync(fixture.Server);

        Check(document, operation =>
        [
            Missing(operation.Description["responses"]!.AsObject().Any(r => r.Key[0] is '1' or '2'), "a success"),
            .. operation.Description["responses"]!.AsObject().Select(r => Missing(!string.IsNullOrEmpty((string?)r.Value!["description"]), $"words for {r.Key}")),
        ]);
    }

    private static IEnumerable<(string What, JsonNode Media)> Contents(ApiOperation operation)
    {
        if (operation.Description["requestBody"]?["content"] is JsonObject body)
            foreach ((string type, JsonNode? media) in body)
                yield return ($"its body ({type})", media!);
        foreach ((string status, JsonNode? response) in operation.Description["responses"]!.AsObject().Where(r => r.Key[0] == '2'))
            foreach ((string type, JsonNode? media) in response!["content"]?.AsObject() ?? [])
                yield return ($"its {status} ({type})", media!);
    }

    // The page sends what stands as a parameter's example, so one that may be left out has it in its words.
    private static bool IsShown(JsonObject parameter) =>
        (string?)parameter["description"] is { } words
        && (words.Contains("Default: ", StringComparison.Ordinal) || words.Contains("e.g. `", StringComparison.Ordinal));

    /// <summary>Where the example that a page puts together from the schema's parts would have a blank, or null.</summary>
    private static string? Gap(ApiDocument document, JsonNode? schema, string at, int depth)
    {
        if (schema is null || depth > MaxDepth) return null;
        JsonObject known = document.Resolve(schema);
        if (HasExample(document, schema)) return null;
        if (known["oneOf"] is JsonArray choices) return choices.Any(c => Gap(document, c, at, depth + 1) is null) ? null : at;
        if (known["items"] is { } items) return Gap(document, items, at + "[]", depth + 1);
        if (known["properties"] is JsonObject properties)
            return properties.Select(p => Gap(document, p.Value, $"{at}.{p.Key}", depth + 1)).FirstOrDefault(g => g is not null);
        return at.Length == 0 ? " itself" : at;
    }

    // Booleans, times, binary files and closed sets of names show themselves.
    private static bool HasExample(ApiDocument document, JsonNode schema)
    {
        JsonObject known = document.Resolve(schema);
        return schema.AsObject().ContainsKey("example") || known.ContainsKey("example") || known["default"] is not null || known["enum"] is not null
            || (string?)known["format"] is "date-time" or "binary" || ApiDocument.Types(known).Contains("boolean");
    }

    private static string? Missing(bool isThere, string what) => isThere ? null : what;

    private static void Check(ApiDocument document, Func<ApiOperation, IEnumerable<string?>> missing)
    {
        string[] gaps = [.. document.Operations.SelectMany(o => missing(o).Where(m => m is not null).Select(m => $"{o} lacks {m}"))];
        Assert.True(gaps.Length == 0, string.Join('\n', gaps));
    }
}
