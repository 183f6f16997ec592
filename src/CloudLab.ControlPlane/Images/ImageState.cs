namespace CloudLab.ControlPlane.Images;

/// <summary>Whether instances can start from an image.</summary>
public enum ImageState
{
    /// <summary>It is being made.</summary>
    Pending,

    Available,

    /// <summary>It could not be made; the reason says why. It can become available later.</summary>
    Unavailable,

    /// <summary>Withdrawn for good.</summary>
    Deregistered,
}
