using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CloudLab.Server.Tests.Fuzzing;

/// <summary>Makes up JSON bodies: ones that the schema allows, and what becomes of them with one thing wrong.</summary>
internal sealed class BodyMaker(ApiDocument document, Random random)
{
    // Takes the place of what is put in afterwards as it is, JSON or not.
    private const string Marker = "@@@";

    private const int MaxDepth = 6;

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A body that the schema allows.</summary>
    public string Valid(JsonNode schema) => Write(Value(schema, "", 0));

    /// <summary>One that it does not, or that is none.</summary>
    public string Mutated(JsonNode schema)
    {
        JsonNode? value = Value(schema, "", 0);
        string text = Write(value);
        switch (random.Next(8))
        {
            case 0 when Pick(value) is { } place: // A value that cannot be there.
                return Write(Replace(value!, place, Marker)).Replace($"\"{Marker}\"", OneOf(HostileText.JsonValues), StringComparison.Ordinal);
            case 1 when value is JsonObject { Count: > 0 } members: // One too few.
                members.Remove(members.ElementAt(random.Next(members.Count)).Key);
                return Write(value);
            case 2 when text.Length > 2: // One too many.
                return $"{{\"{OneOf("id", "Count", "__proto__", "$type", "", "\\u0000", "accountId", "a.b", "isAdmin")}\":{OneOf(HostileText.JsonValues)},{text[1..]}";
            case 3 when text.Length > 2: // All of them twice.
                return $"{text[..^1]},{text[1..]}";
            case 4: // Cut off.
                return text[..random.Next(text.Length)];
            case 5: // Bytes that are no text.
                return text.Insert(random.Next(text.Length + 1), Encoding.Latin1.GetString(OneOf(HostileText.Bytes)));
            case 6: // A value where an object is expected.
                return OneOf(HostileText.JsonValues);
            default: // Another letter.
                int at = random.Next(text.Length);
                return text[..at] + (char)random.Next(256) + text[(at + 1)..];
        }
    }

    private JsonNode? Value(JsonNode schema, string name, int depth)
    {
        JsonObject wanted = document.Resolve(schema);
        if (wanted["oneOf"] is JsonArray choices) return Value(OneOf([.. choices.Select(c => c!)]), name, depth);
        if (wanted["enum"] is JsonArray names) return OneOf([.. names.Select(n => n!)]).DeepClone();
        string[] types = ApiDocument.Types(wanted);
        return types.Length == 0 ? null : OneOf(types) switch
        {
            "object" => Object(wanted, depth),
            "array" => Array(wanted, name, depth),
            "string" => Text(wanted, name),
            "integer" => random.Next(4) == 0 ? random.Next(0, 20) : wanted["example"]?.DeepClone() ?? 1,
            "number" => random.Next(1, 10),
            "boolean" => random.Next(2) == 0,
            _ => null,
        };
    }

    private JsonObject Object(JsonObject schema, int depth)
    {
        var members = new JsonObject();
        if (depth >= MaxDepth) return members;
        if (schema["example"] is JsonObject example && random.Next(2) == 0) return (JsonObject)example.DeepClone();
        string[] required = [.. (schema["required"]?.AsArray() ?? []).Select(r => (string)r!)];
        foreach ((string name, JsonNode? property) in schema["properties"]?.AsObject() ?? [])
            if (required.Contains(name) || random.Next(2) == 0)
                members[name] = Value(property!, name, depth + 1);
        if (schema["additionalProperties"] is JsonObject any)
            for (int i = random.Next(4); i > 0; i--)
                members[OneOf("Name", "env", "Owner", "a b", "é") + i] = Value(any, "", depth + 1);
        return members;
    }

    private JsonArray Array(JsonObject schema, string name, int depth)
    {
        var items = new JsonArray();
        if (depth >= MaxDepth) return items;
        if (schema["example"] is JsonArray example && random.Next(2) == 0) return (JsonArray)example.DeepClone();
        for (int i = random.Next(4); i > 0; i--) items.Add(Value(schema["items"]!, name, depth + 1));
        return items;
    }

    private JsonNode Text(JsonObject schema, string name)
    {
        // userId names one of the users, where there are some.
        if (name.EndsWith("Id", StringComparison.Ordinal) && random.Next(3) == 0) return $"{{{{{name[..^2].ToLowerInvariant()}s:{random.Next(1000)}}}}}";
        if ((string?)schema["format"] == "date-time") return $"{random.Next(2024, 2031)}-0{random.Next(1, 10)}-1{random.Next(10)}T00:00:00Z";
        // Nobody's machine is to hear from a test.
        if (schema["example"]?.ToString().StartsWith("http", StringComparison.Ordinal) == true) return $"https://hook{random.Next(10)}.invalid/x";
        if (schema["example"] is { } example && random.Next(8) != 0 && !name.EndsWith("oken", StringComparison.Ordinal)) return example.DeepClone();
        return OneOf("x", "web", "name-", "ü", "a/b", "tag value") + random.Next(1000);
    }

    /// <summary>The steps to some value in it, or null where there is none.</summary>
    private List<object>? Pick(JsonNode? value)
    {
        var steps = new List<object>();
        while (true)
        {
            switch (value)
            {
                case JsonObject { Count: > 0 } members:
                    (string name, value) = members.ElementAt(random.Next(members.Count));
                    steps.Add(name);
                    break;
                case JsonArray { Count: > 0 } items:
                    int index = random.Next(items.Count);
                    value = items[index];
                    steps.Add(index);
                    break;
                default:
                    return steps.Count == 0 ? null : steps;
            }

            if (random.Next(2) == 0) return steps;
        }
    }

    private static JsonNode Replace(JsonNode value, List<object> steps, JsonNode replacement)
    {
        JsonNode parent = value;
        foreach (object step in steps[..^1]) parent = step is string name ? parent[name]! : parent[(int)step]!;
        if (steps[^1] is string last) parent[last] = replacement;
        else parent[(int)steps[^1]] = replacement;
        return value;
    }

    // The bytes of UTF-8, one character each.
    private static string Write(JsonNode? value) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(value?.ToJsonString(Relaxed) ?? "null"));

    private T OneOf<T>(params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];
}
