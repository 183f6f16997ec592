using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Images;

/// <summary>The id of an image: <c>ami-</c> and 17 hexadecimal digits.</summary>
public readonly record struct ImageId : IResourceId<ImageId>
{
    private readonly string? _value;

    private ImageId(string value) => _value = value;

    /// <inheritdoc/>
    public static string Prefix => "ami-";

    /// <inheritdoc/>
    public string Value => _value ?? "";

    public static ImageId New() => ResourceId.New<ImageId>();

    /// <summary>Takes exactly <c>ami-</c> and 17 lower-case hexadecimal digits.</summary>
    public static bool TryParse(string? text, out ImageId id) => ResourceId.TryParse(text, out id);

    static ImageId IResourceId<ImageId>.Wrap(string value) => new(value);

    /// <summary>By bytes, as both databases order the column.</summary>
    public static bool operator <(ImageId left, ImageId right) => string.CompareOrdinal(left.Value, right.Value) < 0;

    /// <summary>By bytes, as both databases order the column.</summary>
    public static bool operator >(ImageId left, ImageId right) => string.CompareOrdinal(left.Value, right.Value) > 0;

    public override string ToString() => Value;
}
