using System.Text;

namespace CloudLab.Storage.Blobs;

/// <summary>Maps object names to relative paths and back, so that directories can be listed in the names' byte order.</summary>
/// <remarks>
/// A name is cut at its slashes; each part but the last is a directory, the last is a file with the suffix <c>,blob</c>:
/// <c>images/ami-1/kernel</c> is the file <c>images/ami-1/kernel,blob</c>. Letters, digits and <c>-_=+.</c> stand for
/// themselves (a leading dot does not), every other byte is <c>%</c> and two hexadecimal digits, an empty directory part is
/// <c>%</c> alone. File names end at 255 bytes, so of a part of 80 bytes or more every full 80 are a directory with the
/// suffix <c>,more</c>, which the rest of the part follows; a part that begins with these 80 bytes is never found elsewhere.
/// <para>
/// Each entry of a directory thus has a key, the bytes it adds to the name (with the slash for a plain directory), no key is
/// the beginning of another's names, and sorting entries by key sorts the names below them.
/// </para>
/// </remarks>
internal static class BlobPaths
{
    public const int PieceBytes = 80;

    private const string FileSuffix = ",blob";
    private const string MoreSuffix = ",more";
    private const char EmptyPart = '%';

    /// <summary>The relative path of the object's file.</summary>
    public static string OfObject(ReadOnlySpan<byte> name)
    {
        var path = new StringBuilder();
        while (name.IndexOf((byte)'/') is var slash and >= 0)
        {
            AppendDirectory(path, name[..slash]);
            name = name[(slash + 1)..];
        }

        Encode(path, AppendPieces(path, name));
        return path.Append(FileSuffix).ToString();
    }

    /// <summary>The relative path of the directory that holds all names starting with <paramref name="prefix"/>, which ends in a slash or is empty.</summary>
    public static string OfPrefix(ReadOnlySpan<byte> prefix)
    {
        var path = new StringBuilder();
        while (prefix.IndexOf((byte)'/') is var slash and >= 0)
        {
            AppendDirectory(path, prefix[..slash]);
            prefix = prefix[(slash + 1)..];
        }

        return path.ToString().TrimEnd('/');
    }

    /// <summary>What an entry of a directory adds to the name; null for an entry that is not ours.</summary>
    public static (byte[] Key, bool IsObject)? TryParse(string entry)
    {
        if (entry.EndsWith(FileSuffix, StringComparison.Ordinal))
            return TryDecode(entry.AsSpan(0, entry.Length - FileSuffix.Length), end: "") is { } file ? (file, true) : null;
        if (entry.EndsWith(MoreSuffix, StringComparison.Ordinal))
            return TryDecode(entry.AsSpan(0, entry.Length - MoreSuffix.Length), end: "") is { } more ? (more, false) : null;
        return TryDecode(entry is [EmptyPart] ? "" : entry, end: "/") is { } directory ? (directory, false) : null;
    }

    private static void AppendDirectory(StringBuilder path, ReadOnlySpan<byte> part)
    {
        part = AppendPieces(path, part);
        if (part.IsEmpty)
            path.Append(EmptyPart);
        Encode(path, part);
        path.Append('/');
    }

    private static ReadOnlySpan<byte> AppendPieces(StringBuilder path, ReadOnlySpan<byte> part)
    {
        for (; part.Length >= PieceBytes; part = part[PieceBytes..])
        {
            Encode(path, part[..PieceBytes]);
            path.Append(MoreSuffix).Append('/');
        }

        return part;
    }

    private static void Encode(StringBuilder path, ReadOnlySpan<byte> part)
    {
        for (var i = 0; i < part.Length; i++)
        {
            if (IsPlain(part[i]) && (i > 0 || part[i] != '.'))
                path.Append((char)part[i]);
            else
                path.Append('%').Append(part[i].ToString("X2", null));
        }
    }

    private static byte[]? TryDecode(ReadOnlySpan<char> text, string end)
    {
        var bytes = new List<byte>(text.Length + 1);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] < 0x80 && IsPlain((byte)text[i]))
                bytes.Add((byte)text[i]);
            else if (text[i] == '%' && i + 2 < text.Length
                && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]))
            {
                bytes.Add(Convert.FromHexString(text.Slice(i + 1, 2))[0]);
                i += 2;
            }
            else
                return null;
        }

        foreach (var c in end)
            bytes.Add((byte)c);
        return [.. bytes];
    }

    private static bool IsPlain(byte b) => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_' or (byte)'=' or (byte)'+' or (byte)'.';
}
