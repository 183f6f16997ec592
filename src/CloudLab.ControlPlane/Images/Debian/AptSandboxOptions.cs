namespace CloudLab.ControlPlane.Images.Debian;

/// <summary>Where an <see cref="AptSandbox"/> keeps its files and what it is to fetch.</summary>
public sealed record AptSandboxOptions
{
    /// <summary>Holds lists, cache and configuration; made if it isn't there, worth keeping between builds. One user at a time.</summary>
    public required string Directory { get; init; }

    /// <summary>Debian's name of the architecture: <c>riscv64</c>, <c>amd64</c>, <c>arm64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>The suite: Debian 13 by default, the first stable release with riscv64.</summary>
    public string Suite { get; init; } = "trixie";

    /// <summary>A Debian mirror instead of the host's own, as in sources.list; null to ask the host's apt.</summary>
    public string? MirrorUrl { get; init; }

    /// <summary>A dpkg status file that says what is installed, so that only what is missing is fetched; null for nothing.</summary>
    public string? StatusFile { get; init; }

    /// <summary>Where the host's tools are looked up, as in PATH; null for this process's PATH and the usual places.</summary>
    public string? SearchPath { get; init; }

    /// <summary>Keyrings with Debian's archive keys; the first that exists is used. The names are those Debian's packages had so far.</summary>
    public IReadOnlyList<string> Keyrings { get; init; } =
    [
        "/usr/share/keyrings/debian-archive-keyring.pgp",
        "/usr/share/keyrings/debian-archive-keyring.gpg",
    ];
}
