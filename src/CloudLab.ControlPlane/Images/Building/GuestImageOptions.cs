namespace CloudLab.ControlPlane.Images.Building;

/// <summary>How the built-in guest image is to be built.</summary>
public sealed record GuestImageOptions
{
    /// <summary>The directory the image becomes; one that is there is replaced when the new one is complete.</summary>
    public required string TargetDirectory { get; init; }

    /// <summary>Holds apt's lists and downloaded packages (about 200 MB). Kept, so that a second build fetches nothing anew.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>A Debian mirror instead of the host's own; null to ask the host's apt.</summary>
    public string? MirrorUrl { get; init; }

    /// <summary>Debian 13: the first stable release with riscv64, and the one the default command line was measured with.</summary>
    public string Suite { get; init; } = "trixie";

    /// <summary>Where the host's tools are looked up, as in PATH; null for this process's PATH and the usual places.</summary>
    public string? SearchPath { get; init; }
}
