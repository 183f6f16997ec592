namespace CloudLab.ControlPlane.Images;

/// <summary>The files of an image that is to be published. The caller owns the streams; each is read once, to its end.</summary>
public sealed record ImageContents
{
    /// <summary>What the machine enters: a Linux <c>Image</c>, uncompressed.</summary>
    public required Stream Kernel { get; init; }

    /// <summary>The initial RAM file system, or null for none.</summary>
    public Stream? Initramfs { get; init; }

    /// <summary>The kernel's command line.</summary>
    public required string CommandLine { get; init; }

    /// <summary>Whether the guest says hello on the agent's port.</summary>
    public bool HasAgent { get; init; }
}
