using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CloudLab.ControlPlane.Images;

/// <summary>A request for an image of one's own with the files of another.</summary>
public sealed record CopyImage
{
    /// <summary>The copy's name, or null for the source's.</summary>
    public string? Name { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>Makes the request idempotent: 1 to 64 printable ASCII characters, or null.</summary>
    public string? ClientToken { get; init; }

    /// <summary>A hash of the source and all parameters but the token.</summary>
    internal string Fingerprint(string source)
    {
        var tags = Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => new[] { tag.Key, tag.Value });
        string canonical = JsonSerializer.Serialize(new object?[] { "copy-image", source, Name, tags });
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
    }
}
