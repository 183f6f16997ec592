namespace CloudLab.ControlPlane.Images;

/// <summary>Which of an image's files.</summary>
public enum ImagePart
{
    /// <summary>An ELF, a Linux <c>Image</c> or a flat binary.</summary>
    Kernel,

    /// <summary>A flat binary that every hart enters in M-mode at the start of RAM, before the kernel.</summary>
    Firmware,

    /// <summary>The initial RAM file system.</summary>
    Initramfs,
}
