using System.Text;

namespace CloudLab.ControlPlane.Common.Listing;

/// <summary>
/// The language of filter values: <c>,</c> separates them, <c>*</c> stands for any text and <c>?</c> for one character;
/// a backslash takes the meaning from the character that follows.
/// </summary>
/// <remarks>
/// The number of <c>*</c> in a value is limited because a database tries every way to place them: with many of them a
/// short text already takes for ever.
/// </remarks>
public sealed record FilterText
{
    public const int MaxLength = 300;
    public const int MaxWildcards = 4;

    private const char Escape = '\\';

    private FilterText(string exact, string? pattern)
    {
        Exact = exact;
        Pattern = pattern;
    }

    /// <summary>The text without its escapes; what it means when there is no <see cref="Pattern"/>.</summary>
    public string Exact { get; }

    /// <summary>For SQL's LIKE with a backslash as the escape character; null where the value has no wildcard.</summary>
    public string? Pattern { get; }

    /// <summary>Whether a text matches, as the database would say.</summary>
    public bool Matches(string text) => Pattern is null ? text == Exact : MatchesFrom(text, 0, Pattern, 0);

    /// <summary>Reads the values of a filter.</summary>
    /// <returns>The values, or null and what is wrong with them.</returns>
    public static (IReadOnlyList<FilterText>? Values, string? Problem) Parse(string text)
    {
        var values = new List<FilterText>();
        var exact = new StringBuilder();
        var pattern = new StringBuilder();
        int any = 0;
        bool isPattern = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == ',')
            {
                if (End() is { } problem) return (null, problem);
                continue;
            }

            if (c is '*' or '?')
            {
                isPattern = true;
                // Two in a row mean what one means.
                if (c == '*' && pattern is [.., '%'] && !EndsEscaped(pattern)) continue;
                if (c == '*') any++;
                exact.Append(c);
                pattern.Append(c == '*' ? '%' : '_');
                continue;
            }

            if (c == Escape)
            {
                if (++i == text.Length) return (null, "ends in a backslash, which takes the meaning from a character after it");
                c = text[i];
            }

            exact.Append(c);
            if (c is '%' or '_' or Escape) pattern.Append(Escape);
            pattern.Append(c);
        }

        return End() is { } last ? (null, last) : (values, null);

        string? End()
        {
            if (exact.Length > MaxLength) return $"has a value of more than {MaxLength} characters";
            if (any > MaxWildcards) return $"has a value with more than {MaxWildcards} times '*'";
            if (!PlainText.Is(exact.ToString())) return "has a value with a control character or half a character";
            values.Add(new FilterText(exact.ToString(), isPattern ? pattern.ToString() : null));
            exact.Clear();
            pattern.Clear();
            (any, isPattern) = (0, false);
            return null;
        }
    }

    private static bool MatchesFrom(string text, int at, string pattern, int from)
    {
        for (; from < pattern.Length; from++, at++)
        {
            if (pattern[from] == '%')
            {
                for (int rest = at; rest <= text.Length; rest++)
                    if (MatchesFrom(text, rest, pattern, from + 1))
                        return true;
                return false;
            }

            bool isAny = pattern[from] == '_';
            if (pattern[from] == Escape) from++;
            if (at == text.Length || (!isAny && text[at] != pattern[from])) return false;
        }

        return at == text.Length;
    }

    private static bool EndsEscaped(StringBuilder pattern) => pattern.Length >= 2 && pattern[^2] == Escape;
}
