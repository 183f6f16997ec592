namespace CloudLab.ControlPlane.Images.Building;

/// <summary>The steps of a build, in their order.</summary>
public enum BuildStep
{
    /// <summary>Fetching and checking the mirror's package index.</summary>
    Index,

    /// <summary>Fetching packages.</summary>
    Download,

    /// <summary>Reading the kernel, its modules and busybox out of the packages.</summary>
    Unpack,

    /// <summary>Making the initramfs and writing the image.</summary>
    Assemble,

    /// <summary>The image is complete.</summary>
    Done,
}

/// <summary>How far a build is.</summary>
/// <param name="Step">The step it is in.</param>
/// <param name="Percent">How much of that step is done, 0 to 100.</param>
/// <param name="Message">One line for a person.</param>
public readonly record struct BuildProgress(BuildStep Step, double Percent, string Message);
