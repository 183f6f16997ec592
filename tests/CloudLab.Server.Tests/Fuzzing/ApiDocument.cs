using System.Net;
using System.Text.Json.Nodes;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Fuzzing;

/// <summary>The API as a server itself describes it: what is added there is tested without a change here.</summary>
internal sealed class ApiDocument
{
    private readonly JsonObject _document;

    private ApiDocument(JsonObject document)
    {
        _document = document;
        Operations =
        [
            .. from path in document["paths"]!.AsObject()
               from operation in path.Value!.AsObject()
               select new ApiOperation(operation.Key.ToUpperInvariant(), path.Key, operation.Value!.AsObject()),
        ];
    }

    public IReadOnlyList<ApiOperation> Operations { get; }

    public static async Task<ApiDocument> LoadAsync(TestServer server) =>
        new(await server.Anonymous.GetAsync("/openapi/v1.json", HttpStatusCode.OK));

    /// <summary>The schema itself where there is a reference to one.</summary>
    public JsonObject Resolve(JsonNode schema)
    {
        JsonObject current = schema.AsObject();
        while ((string?)current["$ref"] is { } reference)
            current = _document["components"]!["schemas"]![reference.Split('/')[^1]]!.AsObject();
        return current;
    }

    /// <summary>The types that a value may have; empty for any.</summary>
    public static string[] Types(JsonObject schema) => schema["type"] switch
    {
        JsonArray types => [.. types.Select(t => (string)t!)],
        { } type => [(string)type!],
        null => [],
    };

    /// <summary>What of a value is not as the schema says, or null.</summary>
    public string? Mismatch(JsonNode? value, JsonNode schema, string at = "$")
    {
        JsonObject wanted = Resolve(schema);
        if (wanted["oneOf"] is JsonArray choices)
            return choices.Any(c => Mismatch(value, c!, at) is null) ? null : $"{at} is none of what it can be: {value}";
        string[] types = Types(wanted);
        if (types.Length > 0 && !types.Any(t => IsOf(value, t))) return $"{at} is no {string.Join(" or ", types)}: {value?.ToJsonString()}";
        if (wanted["enum"] is JsonArray names && value is not null && !names.Any(n => JsonNode.DeepEquals(n, value)))
            return $"{at} has an unknown value: {value}";
        return value switch
        {
            // A schema that says nothing of members allows any.
            JsonObject members when wanted["properties"] is not null || wanted["additionalProperties"] is not null => MismatchOf(members, wanted, at),
            JsonArray items when wanted["items"] is { } item =>
                items.Select((v, i) => Mismatch(v, item, $"{at}[{i}]")).FirstOrDefault(m => m is not null),
            _ => null,
        };
    }

    private string? MismatchOf(JsonObject members, JsonObject schema, string at)
    {
        foreach (JsonNode? required in schema["required"]?.AsArray() ?? [])
            if (!members.ContainsKey((string)required!))
                return $"{at}.{required} is missing";
        foreach ((string name, JsonNode? value) in members)
        {
            JsonNode? property = schema["properties"]?[name] ?? schema["additionalProperties"];
            if (property is null || property is JsonValue) return $"{at}.{name} is not documented";
            if (Mismatch(value, property, $"{at}.{name}") is { } mismatch) return mismatch;
        }

        return null;
    }

    private static bool IsOf(JsonNode? value, string type) => (type, value?.GetValueKind()) switch
    {
        ("null", null) => true,
        ("string", System.Text.Json.JsonValueKind.String) => true,
        ("number", System.Text.Json.JsonValueKind.Number) => true,
        ("integer", System.Text.Json.JsonValueKind.Number) => value!.ToJsonString().AsSpan().IndexOfAny(".eE") < 0,
        ("boolean", System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False) => true,
        ("object", System.Text.Json.JsonValueKind.Object) => true,
        ("array", System.Text.Json.JsonValueKind.Array) => true,
        _ => false,
    };
}
