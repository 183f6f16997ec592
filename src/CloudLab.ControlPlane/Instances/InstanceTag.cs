using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Instances;

/// <summary>A label of an instance. Keys are unique in an instance.</summary>
public sealed class InstanceTag
{
    public const int MaxPerInstance = 50;
    public const int MaxKeyLength = 128;
    public const int MaxValueLength = 256;

    /// <summary>Keys that begin so, in any case, are CloudLab's own.</summary>
    public const string ReservedPrefix = "cloudlab:";

    public InstanceTag(string key, string value)
    {
        Key = key;
        Value = value;
    }

    public InstanceId InstanceId { get; private set; }

    public string Key { get; private set; }

    public string Value { get; private set; }

    internal void SetValue(string value) => Value = value;

    /// <returns>Null, or why an instance cannot have these tags.</returns>
    internal static CloudLabError? Check(IReadOnlyDictionary<string, string> tags)
    {
        if (tags.Count > MaxPerInstance) return Invalid($"an instance has at most {MaxPerInstance} tags");
        foreach ((string key, string value) in tags)
        {
            if (CheckKey(key) is { } invalid) return invalid;
            if (value is null || value.Length > MaxValueLength || !PlainText.Is(value))
                return Invalid($"a tag's value has at most {MaxValueLength} characters, none of them a control character");
        }

        return null;
    }

    internal static CloudLabError? CheckKey(string key)
    {
        if (key.Length is 0 or > MaxKeyLength || !PlainText.Is(key))
            return Invalid($"a tag's key has 1 to {MaxKeyLength} characters, none of them a control character");
        return key.StartsWith(ReservedPrefix, StringComparison.OrdinalIgnoreCase)
            ? Invalid($"tags whose keys begin with '{ReservedPrefix}' are CloudLab's own")
            : null;
    }

    private static CloudLabError Invalid(string message) => new(ErrorCode.InvalidParameter, message);
}
