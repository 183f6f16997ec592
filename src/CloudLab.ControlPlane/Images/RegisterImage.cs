using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CloudLab.ControlPlane.Common;
using CloudLab.Machine;

namespace CloudLab.ControlPlane.Images;

/// <summary>A request for a new image; its files are uploaded afterwards.</summary>
public sealed record RegisterImage
{
    /// <summary>A label: 1 to 128 characters. Several images may have the same.</summary>
    public required string Name { get; init; }

    public Architecture Architecture { get; init; }

    /// <summary>In which mode the kernel is entered when there is no firmware before it.</summary>
    public StartMode StartMode { get; init; }

    /// <summary>The kernel's command line, up to 2048 characters.</summary>
    public string CommandLine { get; init; } = "";

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>Makes the request idempotent: 1 to 64 printable ASCII characters, or null.</summary>
    public string? ClientToken { get; init; }

    /// <summary>A hash of all parameters but the token: equal for requests that ask for the same.</summary>
    internal string Fingerprint()
    {
        var tags = Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => new[] { tag.Key, tag.Value });
        string canonical = JsonSerializer.Serialize(new object[] { "register-image", Name, Architecture, StartMode, CommandLine, tags });
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
    }
}
