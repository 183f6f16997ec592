using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CloudLab.ControlPlane.Instances;

/// <summary>A request for new instances, all alike.</summary>
public sealed record CreateInstances
{
    public const int MaxPerRequest = 100;
    public const int MaxImageLength = 128;
    public const int MaxTypeLength = 64;

    /// <summary>The image's id, or the name of a built-in image.</summary>
    public required string Image { get; init; }

    /// <summary>The instance type's name.</summary>
    public required string InstanceType { get; init; }

    /// <summary>How many there must be room for: 1 to <see cref="MaxPerRequest"/>. With less none is created.</summary>
    public int MinCount { get; init; } = 1;

    /// <summary>How many are created if there is room: from <see cref="MinCount"/> to <see cref="MaxPerRequest"/>.</summary>
    public int MaxCount { get; init; } = 1;

    /// <summary>Exactly so many: the minimum and the maximum in one.</summary>
    public int Count
    {
        init => MinCount = MaxCount = value;
    }

    /// <summary>Makes the request idempotent: 1 to 64 printable ASCII characters, or null.</summary>
    public string? ClientToken { get; init; }

    public ShutdownBehavior ShutdownBehavior { get; init; }

    /// <summary>See <see cref="Instance.DisableApiTermination"/>.</summary>
    public bool DisableApiTermination { get; init; }

    /// <summary>See <see cref="Instance.DisableApiStop"/>.</summary>
    public bool DisableApiStop { get; init; }

    /// <summary>Labels of each instance.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>The sizes in bytes of each instance's scratch disks.</summary>
    public IReadOnlyList<long> ScratchDisks { get; init; } = [];

    /// <summary>What the guests find: at most <see cref="InstanceUserData.MaxLength"/> bytes; empty for none.</summary>
    public ReadOnlyMemory<byte> UserData { get; init; }

    /// <summary>A hash of all parameters but the token: equal for requests that ask for the same.</summary>
    internal string Fingerprint()
    {
        var tags = Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => new[] { tag.Key, tag.Value });
        string canonical = JsonSerializer.Serialize(new object[]
        {
            "create", Image, InstanceType, MinCount, MaxCount, ShutdownBehavior, DisableApiTermination, DisableApiStop, tags, ScratchDisks,
            Convert.ToHexStringLower(SHA256.HashData(UserData.Span)),
        });
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
    }
}
