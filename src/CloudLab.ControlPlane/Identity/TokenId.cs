using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Identity;

/// <summary>The id of an API token (not the token itself): <c>tok-</c> and 17 hexadecimal digits.</summary>
public readonly record struct TokenId : IResourceId<TokenId>
{
    private readonly string? _value;

    private TokenId(string value) => _value = value;

    /// <inheritdoc/>
    public static string Prefix => "tok-";

    /// <inheritdoc/>
    public string Value => _value ?? "";

    public static TokenId New() => ResourceId.New<TokenId>();

    /// <summary>Takes exactly <c>tok-</c> and 17 lower-case hexadecimal digits.</summary>
    public static bool TryParse(string? text, out TokenId id) => ResourceId.TryParse(text, out id);

    static TokenId IResourceId<TokenId>.Wrap(string value) => new(value);

    /// <summary>By bytes, as both databases order the column.</summary>
    public static bool operator <(TokenId left, TokenId right) => string.CompareOrdinal(left.Value, right.Value) < 0;

    /// <summary>By bytes, as both databases order the column.</summary>
    public static bool operator >(TokenId left, TokenId right) => string.CompareOrdinal(left.Value, right.Value) > 0;

    public override string ToString() => Value;
}
