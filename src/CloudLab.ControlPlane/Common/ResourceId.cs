using System.Buffers;
using System.Security.Cryptography;

namespace CloudLab.ControlPlane.Common;

/// <summary>Makes and parses ids.</summary>
public static class ResourceId
{
    private const int Digits = 17;

    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");

    /// <summary>A new random id: 68 bits from the system's generator.</summary>
    public static T New<T>()
        where T : struct, IResourceId<T> =>
        T.Wrap(T.Prefix + RandomNumberGenerator.GetHexString(Digits, lowercase: true));

    /// <summary>Takes exactly the form that <see cref="New"/> makes; anything else is not an id.</summary>
    public static bool TryParse<T>(string? text, out T id)
        where T : struct, IResourceId<T>
    {
        id = default;
        if (text is null || text.Length != T.Prefix.Length + Digits || !text.StartsWith(T.Prefix, StringComparison.Ordinal))
            return false;
        if (text.AsSpan(T.Prefix.Length).ContainsAnyExcept(Hexadecimal)) return false;
        id = T.Wrap(text);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, for text that CloudLab wrote itself.</summary>
    /// <exception cref="FormatException">The text is not an id of this kind.</exception>
    public static T Parse<T>(string text)
        where T : struct, IResourceId<T> =>
        TryParse(text, out T id) ? id : throw new FormatException($"'{text}' is not an id that starts with {T.Prefix}");
}
