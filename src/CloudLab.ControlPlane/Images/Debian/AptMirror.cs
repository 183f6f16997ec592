namespace CloudLab.ControlPlane.Images.Debian;

/// <summary>Finds the Debian mirror in what the host's own apt says of its sources.</summary>
/// <remarks>
/// <c>apt-get indextargets</c> has read every form of sources file so that we needn't. It knows the Origin only of sources whose
/// lists were fetched; on a fresh container there are none, and <c>--no-release-info</c> makes it print the sources anyway: then
/// the mirror is known by its shape (component main, a path that ends in "debian").
/// </remarks>
internal static class AptMirror
{
    /// <summary>Ask for one line a source: origin, component, release, repository.</summary>
    public const string Format = "$(ORIGIN)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)";

    /// <summary>Only package indexes: without it each source is printed once more for each of its other files.</summary>
    public const string Filter = "Created-By: Packages";

    private const string UnknownOrigin = "$(ORIGIN)";

    /// <summary>The repository of Debian's main archive among <paramref name="lines"/>, or null.</summary>
    public static string? Choose(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            // The repository comes last: it is the only field that could contain the separator.
            if (line.Split('|', 4) is not [var origin, "main", var release, var repository])
                continue;
            // Security and updates live beside the main archive, sometimes on other hosts.
            if (release.Contains('-', StringComparison.Ordinal) || release.Contains('/', StringComparison.Ordinal))
                continue;
            if (IsUsable(repository) && (origin == "Debian" || (origin == UnknownOrigin && LooksLikeDebian(repository))))
                return repository;
        }

        return null;
    }

    /// <summary>Whether apt could fetch from it unattended, and a sources file can hold it.</summary>
    public static bool IsUsable(string repository)
    {
        var colon = repository.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            && !repository.StartsWith("cdrom:", StringComparison.OrdinalIgnoreCase)
            && !repository.Any(c => char.IsWhiteSpace(c) || char.IsControl(c))
            && repository[..colon].All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.')
            && repository.Length > colon + 1;
    }

    private static bool LooksLikeDebian(string repository)
    {
        var path = repository.TrimEnd('/');
        // debian.list: the mirror+file: form that Debian's cloud images come with.
        return path.EndsWith("/debian", StringComparison.Ordinal) || path.EndsWith("/debian.list", StringComparison.Ordinal);
    }
}
