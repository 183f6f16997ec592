namespace CloudLab.ControlPlane.Images;

/// <summary>Whose an image is, for who looks.</summary>
public enum ImageOwner
{
    /// <summary>The account's own.</summary>
    Self,

    /// <summary>A built-in one.</summary>
    System,

    /// <summary>Another account's that shares it.</summary>
    Shared,
}
