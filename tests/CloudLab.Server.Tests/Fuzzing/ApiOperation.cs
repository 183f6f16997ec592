using System.Text.Json.Nodes;

namespace CloudLab.Server.Tests.Fuzzing;

/// <summary>One operation of the document.</summary>
/// <param name="Method">In capitals.</param>
/// <param name="Path">With its parameters in braces.</param>
/// <param name="Description">As the document has it.</param>
internal sealed record ApiOperation(string Method, string Path, JsonObject Description)
{
    public string Id => (string)Description["operationId"]!;

    /// <summary>What it is about: the path's last word before its first parameter, or its last.</summary>
    public string Noun => Path.Split("/{")[0].Split('/')[^1];

    public IEnumerable<JsonObject> Parameters => (Description["parameters"]?.AsArray() ?? []).Select(p => p!.AsObject());

    /// <summary>The type of its body, or null where it takes none.</summary>
    public string? BodyType => Description["requestBody"]?["content"]?.AsObject().First().Key;

    public JsonNode? BodySchema => BodyType is { } type ? Description["requestBody"]!["content"]![type]!["schema"] : null;

    public bool TakesJson => BodyType?.EndsWith("json", StringComparison.Ordinal) == true;

    /// <summary>What it says of answers with this status, or null.</summary>
    public JsonNode? Response(int status) => Description["responses"]![$"{status}"];

    public override string ToString() => $"{Id}: {Method} {Path}";
}
