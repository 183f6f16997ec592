using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Instances;

/// <summary>The id of an instance: <c>i-</c> and 17 hexadecimal digits.</summary>
public readonly record struct InstanceId : IResourceId<InstanceId>
{
    private readonly string? _value;

    private InstanceId(string value) => _value = value;

    /// <inheritdoc/>
    public static string Prefix => "i-";

    /// <inheritdoc/>
    public string Value => _value ?? "";

    public static InstanceId New() => ResourceId.New<InstanceId>();

    /// <summary>Takes exactly <c>i-</c> and 17 lower-case hexadecimal digits.</summary>
    public static bool TryParse(string? text, out InstanceId id) => ResourceId.TryParse(text, out id);

    static InstanceId IResourceId<InstanceId>.Wrap(string value) => new(value);

    /// <summary>By bytes, as both databases order the column.</summary>
    public static bool operator <(InstanceId left, InstanceId right) => string.CompareOrdinal(left.Value, right.Value) < 0;

    /// <summary>By bytes, as both databases order the column.</summary>
    public static bool operator >(InstanceId left, InstanceId right) => string.CompareOrdinal(left.Value, right.Value) > 0;

    public override string ToString() => Value;
}
