using System.Text;

namespace CloudLab.ControlPlane.Images.Debian;

/// <summary>Writes the configuration that makes apt work in a directory of its own.</summary>
/// <remarks>
/// A file named by APT_CONFIG is read before every other one, so it can send apt's search for those to nowhere: hooks, extra
/// index files and pinning of the host don't reach us. What does is how the host gets at its mirrors (proxies, time-outs,
/// certificates, whether dates can be checked): its Acquire settings are copied from <c>apt-config dump</c>.
/// </remarks>
internal static class AptConfiguration
{
    /// <summary>Acquire settings that say what to fetch, or not to insist on signatures: these are ours.</summary>
    private static readonly string[] OwnSettings =
    [
        "Acquire::IndexTargets", "Acquire::Languages", "Acquire::Changelogs", "Acquire::GzipIndexes",
        "Acquire::CompressionTypes", "Acquire::AllowInsecureRepositories", "Acquire::AllowWeakRepositories",
        "Acquire::AllowDowngradeToInsecureRepositories", "Acquire::cdrom",
    ];

    /// <summary>The text of apt.conf.</summary>
    /// <param name="root">The sandbox's directory, absolute.</param>
    /// <param name="architecture">Debian's name of it.</param>
    /// <param name="hostSettings">What <c>apt-config dump</c> printed on the host.</param>
    /// <param name="asRoot">Whether apt will run as root.</param>
    public static string Compose(string root, string architecture, IEnumerable<string> hostSettings, bool asRoot)
    {
        var text = new StringBuilder();
        foreach (var line in hostSettings)
        {
            if (line.StartsWith("Acquire::", StringComparison.Ordinal) && !OwnSettings.Any(own => IsUnder(line, own)))
                text.Append(line).Append('\n');
        }

        void Set(string name, string value) => text.Append($"{name} \"{value}\";\n");
        void SetPath(string name, string path) => Set(name, Path.Combine(root, path));

        SetPath("Dir::Etc::main", "etc/none.conf");
        SetPath("Dir::Etc::parts", "etc/none.d");
        SetPath("Dir::Etc::sourcelist", "etc/debian.sources");
        SetPath("Dir::Etc::sourceparts", "etc/none.d");
        SetPath("Dir::Etc::trusted", "etc/none.gpg");
        SetPath("Dir::Etc::trustedparts", "etc/none.d");
        SetPath("Dir::Etc::preferences", "etc/none.pref");
        SetPath("Dir::Etc::preferencesparts", "etc/none.d");
        SetPath("Dir::State", "state");
        SetPath("Dir::State::status", "state/status");
        SetPath("Dir::Cache", "cache");
        SetPath("Dir::Log", "log");
        Set("APT::Architecture", architecture);
        text.Append($"APT::Architectures {{ \"{architecture}\"; }};\n");
        Set("Acquire::Languages", "none");
        Set("Acquire::AllowInsecureRepositories", "false");
        Set("Acquire::AllowWeakRepositories", "false");
        Set("Acquire::AllowDowngradeToInsecureRepositories", "false");
        Set("Acquire::Retries", "2");
        // The default is a bar drawn with control characters.
        Set("Dpkg::Use-Pty", "false");
        // As root apt hands fetching to a user that can't enter directories which only root may read, such as ours.
        if (asRoot)
            Set("APT::Sandbox::User", "root");
        return text.ToString();
    }

    /// <summary>The text of debian.sources.</summary>
    public static string ComposeSources(string mirror, string suite, string architecture, string keyring) =>
        $"""
        Types: deb
        URIs: {mirror}
        Suites: {suite}
        Components: main
        Architectures: {architecture}
        Targets: Packages
        Signed-By: {keyring}

        """;

    private static bool IsUnder(string line, string name) =>
        line.StartsWith(name, StringComparison.OrdinalIgnoreCase)
        && (line.Length == name.Length || line[name.Length] is ' ' or ':');
}
