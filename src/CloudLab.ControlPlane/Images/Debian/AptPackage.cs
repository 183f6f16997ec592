using System.Globalization;

namespace CloudLab.ControlPlane.Images.Debian;

/// <summary>A package as the mirror's signed index describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version, with epoch.</param>
/// <param name="Architecture">Debian's name of it, or <c>all</c>.</param>
/// <param name="Size">The size of the .deb in bytes.</param>
/// <param name="Sha256">The SHA-256 of the .deb in lower-case hexadecimal.</param>
/// <param name="Depends">The names it depends on; of alternatives the first, without versions.</param>
public sealed record AptPackage(
    string Name, string Version, string Architecture, long Size, string Sha256, IReadOnlyList<string> Depends)
{
    /// <summary>The name apt-get gives the downloaded file: an epoch's colon is escaped.</summary>
    public string FileName => $"{Name}_{Version.Replace(":", "%3a", StringComparison.Ordinal)}_{Architecture}.deb";

    /// <summary>Reads the first stanza of what <c>apt-cache show</c> printed; null when it lacks a field.</summary>
    internal static AptPackage? Parse(IEnumerable<string> lines)
    {
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines)
        {
            if (line.Length == 0 && fields.Count > 0)
                break;
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            // A line that starts with a space continues a description.
            if (colon > 0 && line[0] is not (' ' or '\t'))
                fields.TryAdd(line[..colon], line[(colon + 1)..].Trim());
        }

        if (fields.TryGetValue("Package", out var name) && fields.TryGetValue("Version", out var version)
            && fields.TryGetValue("Architecture", out var architecture) && fields.TryGetValue("SHA256", out var sha256)
            && fields.TryGetValue("Size", out var size)
            && long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            && !name.Contains('/', StringComparison.Ordinal) && !version.Contains('/', StringComparison.Ordinal))
        {
            return new(name, version, architecture, bytes, sha256, ParseDepends(fields.GetValueOrDefault("Depends", "")));
        }

        return null;
    }

    private static string[] ParseDepends(string depends) =>
        [.. depends.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(one => one.Split(' ', ':', '|')[0])];
}
