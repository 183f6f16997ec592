using System.Collections.Frozen;
using System.Text;

namespace CloudLab.ControlPlane.Common;

/// <summary>The text of enumeration members in the database and the API: <c>ShuttingDown</c> is <c>shutting-down</c>.</summary>
public static class EnumText
{
    /// <summary>The text of a member.</summary>
    /// <exception cref="KeyNotFoundException">The value is not a member.</exception>
    public static string Of<T>(T value)
        where T : struct, Enum => Names<T>.ToText[value];

    /// <summary>The member with exactly this text.</summary>
    public static bool TryParse<T>(string? text, out T value)
        where T : struct, Enum
    {
        value = default;
        return text is not null && Names<T>.ToValue.TryGetValue(text, out value);
    }

    /// <summary>As <see cref="TryParse"/>, for text that CloudLab wrote itself.</summary>
    /// <exception cref="FormatException">No member has this text.</exception>
    public static T Parse<T>(string text)
        where T : struct, Enum =>
        TryParse(text, out T value) ? value : throw new FormatException($"'{text}' is not a {typeof(T).Name}");

    private static string Hyphenate(string name)
    {
        var text = new StringBuilder(name.Length + 2);
        foreach (char c in name)
        {
            if (char.IsAsciiLetterUpper(c) && text.Length > 0) text.Append('-');
            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    private static class Names<T>
        where T : struct, Enum
    {
        public static readonly FrozenDictionary<T, string> ToText =
            Enum.GetValues<T>().ToFrozenDictionary(value => value, value => Hyphenate(value.ToString()));

        public static readonly FrozenDictionary<string, T> ToValue =
            ToText.ToFrozenDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
    }
}
