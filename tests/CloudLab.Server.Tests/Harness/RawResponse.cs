using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CloudLab.Server.Tests.Harness;

/// <summary>An answer as it came.</summary>
internal sealed record RawResponse
{
    public required int Status { get; init; }

    public Dictionary<string, string> Headers { get; } = new(StringComparer.OrdinalIgnoreCase);

    public byte[] Body { get; init; } = [];

    public string Text => Encoding.UTF8.GetString(Body);

    public string? ContentType => Header("Content-Type")?.Split(';')[0];

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>The body as JSON; false where it is none.</summary>
    public bool TryParse(out JsonNode? json)
    {
        try
        {
            json = JsonNode.Parse(Body);
            return true;
        }
        catch (JsonException)
        {
            json = null;
            return false;
        }
    }
}
