namespace CloudLab.ControlPlane.Images.Building;

/// <summary>Why an image could not be built, exported, imported or opened: the whole set.</summary>
public enum BuildErrorCode
{
    /// <summary>The host has no apt-get or dpkg-deb.</summary>
    AptMissing,

    /// <summary>Neither an option nor the host's own apt configuration names a Debian mirror.</summary>
    NoMirror,

    /// <summary>The host has no Debian archive keyring to check signatures with.</summary>
    KeyringMissing,

    /// <summary>The mirror didn't answer, or answered without what was asked. Worth trying again.</summary>
    MirrorUnavailable,

    /// <summary>The mirror's signature doesn't verify with the host's keyring, or its date doesn't fit the host's clock.</summary>
    SignatureInvalid,

    /// <summary>The mirror is there and trusted, but has no such package for this suite and architecture.</summary>
    PackageNotFound,

    /// <summary>A package arrived but doesn't contain what an image needs.</summary>
    PackageUnusable,

    /// <summary>Not enough room where the image or the download cache is kept.</summary>
    DiskFull,

    /// <summary>The directory or archive isn't a complete, unaltered image.</summary>
    ImageInvalid,

    /// <summary>A tool of the host failed in a way none of the others describes; the detail has its last words.</summary>
    ToolFailed,
}
