using System.Globalization;

namespace CloudLab.Storage.Volumes.Formats;

/// <summary>The names of a volume's objects.</summary>
internal static class VolumeNames
{
    public const string All = "volumes/";

    private const int MaxIdLength = 64;

    /// <summary>Whether an id of a volume or a snapshot is 1 to 64 lower-case letters, digits and hyphens, with no hyphen in front.</summary>
    public static bool IsId(string id)
    {
        if (id.Length is 0 or > MaxIdLength || id[0] == '-')
            return false;
        foreach (var c in id)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
                return false;
        }

        return true;
    }

    public static string Directory(string volume) => $"{All}{volume}/";

    public static string Record(string volume) => $"{All}{volume}/volume";

    /// <summary>There when the volume is deleted and waits for its roots to go.</summary>
    public static string Deleted(string volume) => $"{All}{volume}/deleted";

    public static string Hint(string volume) => $"{All}{volume}/hint";

    public static string Roots(string volume) => $"{All}{volume}/roots/";

    /// <summary>A snapshot's root.</summary>
    public static string Root(string volume, string snapshot) => Roots(volume) + snapshot;

    /// <summary>The root that a clone holds; no snapshot can have its name.</summary>
    public static string CloneRoot(string volume, string clone) => $"{Roots(volume)}{clone}.clone";

    /// <summary>The snapshot that a root's name is of; null for a clone's.</summary>
    public static string? TryParseSnapshot(string volume, string name)
    {
        var directory = Roots(volume);
        return name.StartsWith(directory, StringComparison.Ordinal) && IsId(name[directory.Length..]) ? name[directory.Length..] : null;
    }

    public static string Log(string volume) => $"{All}{volume}/log/";

    public static string Object(string volume, ulong sequence) => string.Create(CultureInfo.InvariantCulture, $"{Log(volume)}{sequence:x16}");

    public static string Packed(string volume) => $"{All}{volume}/packed/";

    /// <summary>A pack of what is alive in the objects of a range of sequences; the nonce keeps one from replacing another.</summary>
    public static string Pack(string volume, ulong first, ulong last, uint nonce) =>
        string.Create(CultureInfo.InvariantCulture, $"{Packed(volume)}{first:x16}-{last:x16}-{nonce:x8}");

    /// <summary>The sequence in an object's name; null if it has none.</summary>
    public static ulong? TryParseObject(string volume, string name)
    {
        var directory = Log(volume);
        return name.StartsWith(directory, StringComparison.Ordinal) ? TryParseHex(name.AsSpan(directory.Length), 16) : null;
    }

    /// <summary>The range in a pack's name; null if it has none.</summary>
    public static (ulong First, ulong Last)? TryParsePack(string volume, string name)
    {
        var directory = Packed(volume);
        if (!name.StartsWith(directory, StringComparison.Ordinal))
            return null;
        var rest = name.AsSpan(directory.Length);
        if (rest.Length != 42 || rest[16] != '-' || rest[33] != '-' || TryParseHex(rest[34..], 8) is null)
            return null;
        return TryParseHex(rest[..16], 16) is { } first && TryParseHex(rest[17..33], 16) is { } last && first <= last ? (first, last) : null;
    }

    private static ulong? TryParseHex(ReadOnlySpan<char> text, int digits) =>
        text.Length == digits && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value : null;
}
