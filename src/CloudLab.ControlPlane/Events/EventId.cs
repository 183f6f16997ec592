using System.Buffers;
using System.Globalization;

namespace CloudLab.ControlPlane.Events;

/// <summary>The id of an event: <c>evt-</c> and its number in 16 hexadecimal digits, so that ids sort as numbers do.</summary>
public static class EventId
{
    private const string Prefix = "evt-";
    private const int Digits = 16;

    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");

    public static string Of(long sequence) => Prefix + sequence.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Takes exactly the form that <see cref="Of"/> makes.</summary>
    public static bool TryParse(string? text, out long sequence)
    {
        sequence = 0;
        return text is { Length: 4 + Digits } && text.StartsWith(Prefix, StringComparison.Ordinal)
            && !text.AsSpan(Prefix.Length).ContainsAnyExcept(Hexadecimal)
            && long.TryParse(text.AsSpan(Prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out sequence)
            && sequence >= 0;
    }
}
