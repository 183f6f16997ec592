using CloudLab.ControlPlane.Common;

namespace CloudLab.ControlPlane.Images;

/// <summary>An image as accounts see it, at one moment.</summary>
/// <param name="Version">Changes with every change of the image.</param>
/// <param name="StateReason">Why it is not available, or null.</param>
/// <param name="IsBuiltIn">Whether it belongs to no account and answers to its name.</param>
public sealed record ImageDetails(
    ImageId Id,
    long Version,
    string Name,
    bool IsBuiltIn,
    Architecture Architecture,
    ImageState State,
    string? StateReason,
    ImageFile? Kernel,
    ImageFile? Initramfs,
    string CommandLine,
    bool HasAgent,
    DateTimeOffset CreatedAt)
{
    internal static ImageDetails Of(Image image) => new(
        image.Id,
        image.Version,
        image.Name,
        image.AccountId is null,
        image.Architecture,
        image.State,
        image.StateReason,
        image.Kernel,
        image.Initramfs,
        image.CommandLine,
        image.HasAgent,
        image.CreatedAt);
}
