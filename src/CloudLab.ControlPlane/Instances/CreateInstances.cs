using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CloudLab.ControlPlane.Instances;

/// <summary>A request for new instances, all alike.</summary>
public sealed record CreateInstances
{
    public const int MaxCount = 100;

    /// <summary>The image's id, or the name of a built-in image.</summary>
    public required string Image { get; init; }

    /// <summary>The instance type's name.</summary>
    public required string InstanceType { get; init; }

    /// <summary>How many: 1 to <see cref="MaxCount"/>. All or none are created.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Makes the request idempotent: 1 to 64 printable ASCII characters, or null.</summary>
    public string? ClientToken { get; init; }

    public ShutdownBehavior ShutdownBehavior { get; init; }

    /// <summary>Labels of each instance.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>A hash of all parameters but the token: equal for requests that ask for the same.</summary>
    internal string Fingerprint()
    {
        var tags = Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => new[] { tag.Key, tag.Value });
        string canonical = JsonSerializer.Serialize(new object[] { "create", Image, InstanceType, Count, ShutdownBehavior, tags });
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
    }
}
