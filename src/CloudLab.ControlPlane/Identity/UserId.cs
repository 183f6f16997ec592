using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Identity;

/// <summary>The id of a user: <c>usr-</c> and 17 hexadecimal digits.</summary>
public readonly record struct UserId : IResourceId<UserId>
{
    private readonly string? _value;

    private UserId(string value) => _value = value;

    /// <inheritdoc/>
    public static string Prefix => "usr-";

    /// <inheritdoc/>
    public string Value => _value ?? "";

    public static UserId New() => ResourceId.New<UserId>();

    /// <summary>Takes exactly <c>usr-</c> and 17 lower-case hexadecimal digits.</summary>
    public static bool TryParse(string? text, out UserId id) => ResourceId.TryParse(text, out id);

    static UserId IResourceId<UserId>.Wrap(string value) => new(value);

    /// <summary>By bytes, as both databases order the column.</summary>
    public static bool operator <(UserId left, UserId right) => string.CompareOrdinal(left.Value, right.Value) < 0;

    /// <summary>By bytes, as both databases order the column.</summary>
    public static bool operator >(UserId left, UserId right) => string.CompareOrdinal(left.Value, right.Value) > 0;

    public override string ToString() => Value;
}
