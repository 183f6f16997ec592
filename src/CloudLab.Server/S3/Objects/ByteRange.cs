using System.Globalization;

namespace CloudLab.Server.S3.Objects;

/// <summary>A range of an object's bytes.</summary>
/// <param name="Offset">Where it starts.</param>
/// <param name="Length">How many bytes; at least one.</param>
internal readonly record struct ByteRange(long Offset, long Length)
{
    private const string Unit = "bytes=";

    /// <summary>E.g. <c>bytes 0-9/100</c>.</summary>
    public string ContentRange(long size) => string.Create(CultureInfo.InvariantCulture, $"bytes {Offset}-{Offset + Length - 1}/{size}");

    /// <summary>What a Range header asks of an object.</summary>
    /// <param name="header">The header, or null.</param>
    /// <param name="size">The object's size.</param>
    /// <returns>The range, null for the whole object (also where the header is malformed or has several: RFC 9110 lets it be ignored), or InvalidRange.</returns>
    public static S3Result<ByteRange?> Parse(string? header, long size)
    {
        ByteRange? whole = null;
        if (header is null || !header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase)) return whole!;
        ReadOnlySpan<char> text = header.AsSpan(Unit.Length).Trim();
        int dash = text.IndexOf('-');
        if (dash < 0 || text.Contains(',')) return whole!;
        bool hasFirst = TryParse(text[..dash], out long first);
        bool hasLast = TryParse(text[(dash + 1)..], out long last);
        if ((!hasFirst && dash > 0) || (!hasLast && dash < text.Length - 1) || (!hasFirst && !hasLast)) return whole!;
        if (!hasFirst)
        {
            if (last == 0 || size == 0) return Unsatisfiable(header, size);
            long length = Math.Min(last, size);
            return new ByteRange(size - length, length);
        }

        if (hasLast && last < first) return whole!;
        if (first >= size) return Unsatisfiable(header, size);
        long end = hasLast ? Math.Min(last, size - 1) : size - 1;
        return new ByteRange(first, end - first + 1);
    }

    private static bool TryParse(ReadOnlySpan<char> text, out long value) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private static S3Error Unsatisfiable(string header, long size) => new(S3ErrorCode.InvalidRange, "The requested range is not satisfiable")
    {
        Details = [("RangeRequested", header), ("ActualObjectSize", size.ToString(CultureInfo.InvariantCulture))],
    };
}
