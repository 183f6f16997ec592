namespace CloudLab.Server.S3.Objects;

/// <summary>Limits of multipart uploads.</summary>
/// <remarks>Amazon S3 User Guide, "Amazon S3 multipart upload limits".</remarks>
internal static class MultipartLimits
{
    public const int MaxParts = 10_000;

    /// <summary>Of every part but the last.</summary>
    public const long MinPartLength = 5L << 20;
}
