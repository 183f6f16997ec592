namespace CloudLab.ControlPlane.Images.Building;

/// <summary>An expected failure of image building.</summary>
/// <param name="Code">Which one.</param>
/// <param name="Message">What happened and what to do about it, for the person who runs the server.</param>
/// <param name="Detail">A tool's own words, for the log; may be empty.</param>
public sealed record BuildError(BuildErrorCode Code, string Message, string Detail = "")
{
    /// <summary>Whether the same attempt may succeed later without anyone changing anything.</summary>
    public bool IsRetryable => Code is BuildErrorCode.MirrorUnavailable;

    /// <inheritdoc/>
    public override string ToString() => Detail.Length == 0 ? Message : $"{Message} ({Detail})";

    internal static BuildError DiskFull(string path) => new(
        BuildErrorCode.DiskFull,
        $"There is not enough room on the file system of '{path}'. Free some, or choose another data directory.");

    internal static BuildError Invalid(string what) => new(BuildErrorCode.ImageInvalid, what);

}
