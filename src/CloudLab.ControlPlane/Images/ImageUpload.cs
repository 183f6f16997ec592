namespace CloudLab.ControlPlane.Images;

/// <summary>A file of an image that was stored.</summary>
/// <param name="Part">Which of the image's files it is.</param>
/// <param name="File">The file.</param>
/// <param name="Image">The image with it.</param>
public sealed record ImageUpload(ImagePart Part, ImageFile File, ImageDetails Image);
