using System.Globalization;
using CloudLab.Storage.Files;

namespace CloudLab.Storage.Volumes.Log;

/// <summary>The names of a log's segments: <c>{ordinal}.log</c>, in the directory <c>{volume}/{log}</c>.</summary>
internal static class LogFiles
{
    private const string Suffix = ".log";

    public static string Directory(string root, string volume, Guid log) => Path.Combine(root, volume, log.ToString("n"));

    public static string Name(ulong ordinal) => string.Create(CultureInfo.InvariantCulture, $"{ordinal:x16}{Suffix}");

    /// <summary>Removes the logs of a volume but one.</summary>
    public static void RemoveAll(IFileLayer files, string root, string volume, Guid? except)
    {
        var parent = Path.Combine(root, volume);
        foreach (var log in files.List(parent))
        {
            if (log == except?.ToString("n"))
                continue;
            var directory = Path.Combine(parent, log);
            foreach (var segment in files.List(directory))
                files.Delete(Path.Combine(directory, segment));
            files.TryRemoveDirectory(directory);
        }

        if (except is null)
            files.TryRemoveDirectory(parent);
    }

    public static ulong? TryParse(string name) =>
        name.Length == 16 + Suffix.Length && name.EndsWith(Suffix, StringComparison.Ordinal)
        && ulong.TryParse(name.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var ordinal)
            ? ordinal : null;
}
