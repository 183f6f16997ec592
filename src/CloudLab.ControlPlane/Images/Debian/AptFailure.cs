using CloudLab.ControlPlane.Images.Building;

namespace CloudLab.ControlPlane.Images.Debian;

/// <summary>Tells from what apt printed which of the expected failures it met.</summary>
internal static class AptFailure
{
    private const int MaxDetail = 600;

    private static readonly string[] NoSpace = ["No space left on device", "don't have enough free space", "Disk quota exceeded"];

    private static readonly string[] Unsigned =
    [
        "NO_PUBKEY", "GPG error", "is not signed", "couldn't be verified", "signature verification", "BADSIG",
        "Missing key", "EXPKEYSIG", "is not valid yet", "is expired", "At least one invalid signature",
    ];

    private static readonly string[] Unreachable =
    [
        "Failed to fetch", "Could not resolve", "Temporary failure resolving", "Could not connect", "Connection failed",
        "Unable to connect", "Hash Sum mismatch", "does not have a Release file", "Cannot initiate the connection",
        "index files failed to download",
    ];

    private static readonly string[] Absent =
    [
        "No packages found", "Unable to locate package", "has no installation candidate", "was not found",
        "Can't find a source to download",
    ];

    /// <summary>The error behind <paramref name="outcome"/>, or null when nothing went wrong.</summary>
    /// <remarks>apt-get update ends with 0 when it could fetch nothing and says so only in a warning.</remarks>
    public static BuildError? Of(ToolOutcome outcome, string doing, AptSandboxOptions options)
    {
        var text = outcome.Errors;
        if (outcome.ExitCode == 0 && !Says(text, Unreachable) && !Says(text, Unsigned))
            return null;

        var detail = text.Length > MaxDetail ? text[..MaxDetail] : text;
        if (Says(text, NoSpace))
            return BuildError.DiskFull(options.Directory) with { Detail = detail };
        if (Says(text, "does not have a Release file") && !Says(text, "Failed to fetch"))
        {
            return new(
                BuildErrorCode.MirrorUnavailable,
                $"The Debian mirror has no suite '{options.Suite}'. Name another with --apt-mirror URL.",
                detail);
        }

        if (Says(text, Unreachable) && !Says(text, Unsigned))
        {
            return new(
                BuildErrorCode.MirrorUnavailable,
                "The Debian mirror could not be reached or is being updated. Check the network and any proxy, or name another"
                + " mirror with --apt-mirror URL.",
                detail);
        }

        if (Says(text, Unsigned))
        {
            return new(
                BuildErrorCode.SignatureInvalid,
                $"The signature of Debian '{options.Suite}' could not be verified. If the host's Debian is older than that, its"
                + " package debian-archive-keyring must be brought up to date; if the host's clock is wrong, set it.",
                detail);
        }

        if (Says(text, Absent))
        {
            return new(
                BuildErrorCode.PackageNotFound,
                $"The mirror has no such package in '{options.Suite}' for {options.Architecture} ({doing}).",
                detail);
        }

        return new(BuildErrorCode.ToolFailed, $"apt failed while {doing} (exit code {outcome.ExitCode}).", detail);
    }

    private static bool Says(string text, params ReadOnlySpan<string> phrases)
    {
        foreach (var phrase in phrases)
        {
            if (text.Contains(phrase, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }
}
