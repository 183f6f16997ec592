using System.Security.Cryptography;

namespace CloudLab.ControlPlane.Identity;

/// <summary>The id of an account: 12 decimal digits, as in AWS.</summary>
public readonly record struct AccountId
{
    private const int Digits = 12;

    private readonly string? _value;

    private AccountId(string value) => _value = value;

    /// <summary>The 12 digits; empty for a default value, which is no account.</summary>
    public string Value => _value ?? "";

    /// <summary>A new random id.</summary>
    public static AccountId New() => new(RandomNumberGenerator.GetString("0123456789", Digits));

    /// <summary>Takes exactly 12 decimal digits.</summary>
    public static bool TryParse(string? text, out AccountId id)
    {
        bool isId = text is { Length: Digits } && !text.AsSpan().ContainsAnyExceptInRange('0', '9');
        id = isId ? new AccountId(text!) : default;
        return isId;
    }

    /// <summary>As <see cref="TryParse"/>, for text that CloudLab wrote itself.</summary>
    /// <exception cref="FormatException">The text is not an account id.</exception>
    public static AccountId Parse(string text) =>
        TryParse(text, out AccountId id) ? id : throw new FormatException($"'{text}' is not an account id");

    /// <summary>By bytes, as both databases order the column.</summary>
    public static bool operator <(AccountId left, AccountId right) => string.CompareOrdinal(left.Value, right.Value) < 0;

    /// <summary>By bytes, as both databases order the column.</summary>
    public static bool operator >(AccountId left, AccountId right) => string.CompareOrdinal(left.Value, right.Value) > 0;

    public override string ToString() => Value;
}
