namespace CloudLab.ControlPlane.Images.Debian;

/// <summary>The names under which a mirror has a suite: its code name, and what it is at the moment.</summary>
internal static class AptSuite
{
    private const string ReleaseFile = "_InRelease";

    // A Release file has some thousand lines; its code name is among the first.
    private const int MostHeaderLines = 40;

    /// <summary>What a released suite is called besides its code name, newest first.</summary>
    public static readonly IReadOnlyList<string> Aliases = ["stable", "oldstable"];

    /// <summary>Whether the index that apt fetched and verified under <paramref name="alias"/> is that of <paramref name="codename"/>.</summary>
    /// <param name="lists">apt's directory of indexes.</param>
    /// <param name="alias">The name it was asked for by.</param>
    /// <param name="codename">E.g. <c>trixie</c>.</param>
    public static bool IsListed(string lists, string alias, string codename) =>
        Directory.EnumerateFiles(lists, $"*_dists_{alias}{ReleaseFile}").Any(file => File.ReadLines(file)
            .Take(MostHeaderLines)
            .Any(line => line.Trim() == "Codename: " + codename));
}
