using System.Buffers;
using System.Security.Cryptography;

namespace CloudLab.ControlPlane.Identity;

/// <summary>
/// The public half of an access key. Ours are AWS's in form, <c>AKIA</c> and 16 of A–Z and 2–7; imported ones may be
/// anything that a signature can carry. Ids compare by bytes.
/// </summary>
public readonly record struct AccessKeyId
{
    /// <summary>The shortest that S3 servers hand out.</summary>
    public const int MinLength = 3;

    /// <summary>As in AWS.</summary>
    public const int MaxLength = 128;

    private const string Prefix = "AKIA";
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const int RandomLength = 16;

    // '/' ends the key in a Version 4 credential and ':' in a Version 2 header.
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+=@$");

    private readonly string? _value;

    private AccessKeyId(string value) => _value = value;

    /// <summary>The text; empty for a default value, which is no id.</summary>
    public string Value => _value ?? "";

    /// <summary>A new random id: 80 bits from the system's generator.</summary>
    public static AccessKeyId New() => new(Prefix + RandomNumberGenerator.GetString(Base32, RandomLength));

    /// <summary>Takes 3 to 128 letters, digits and <c>-_.+=@$</c>.</summary>
    public static bool TryParse(string? text, out AccessKeyId id)
    {
        bool isId = text is { Length: >= MinLength and <= MaxLength } && !text.AsSpan().ContainsAnyExcept(Allowed);
        id = isId ? new AccessKeyId(text!) : default;
        return isId;
    }

    /// <summary>As <see cref="TryParse"/>, for text that CloudLab wrote itself.</summary>
    /// <exception cref="FormatException">The text is not an access key id.</exception>
    public static AccessKeyId Parse(string text) =>
        TryParse(text, out AccessKeyId id) ? id : throw new FormatException($"'{text}' is not an access key id");

    /// <summary>By bytes, as both databases order the column.</summary>
    public static bool operator <(AccessKeyId left, AccessKeyId right) => string.CompareOrdinal(left.Value, right.Value) < 0;

    /// <summary>By bytes, as both databases order the column.</summary>
    public static bool operator >(AccessKeyId left, AccessKeyId right) => string.CompareOrdinal(left.Value, right.Value) > 0;

    public override string ToString() => Value;
}
