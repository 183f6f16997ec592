namespace CloudLab.ControlPlane.Instances;

/// <summary>A label of an instance. Keys are unique in an instance.</summary>
public sealed class InstanceTag
{
    public const int MaxPerInstance = 50;
    public const int MaxKeyLength = 128;
    public const int MaxValueLength = 256;

    public InstanceTag(string key, string value)
    {
        Key = key;
        Value = value;
    }

    public InstanceId InstanceId { get; private set; }

    public string Key { get; private set; }

    public string Value { get; private set; }
}
