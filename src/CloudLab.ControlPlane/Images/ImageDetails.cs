using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.Machine;

namespace CloudLab.ControlPlane.Images;

/// <summary>An image as an account sees it, at one moment.</summary>
/// <param name="Owner">The account that it belongs to, or null for a built-in image.</param>
/// <param name="StateReason">Why it is not available, or null.</param>
/// <param name="StartMode">In which mode the kernel is entered when there is no firmware before it.</param>
/// <param name="Sharing">Who else may use it; null for all but its owner.</param>
/// <param name="Tags">Ordered by key; the owner's alone.</param>
/// <param name="Version">Rises with each change.</param>
public sealed record ImageDetails(
    ImageId Id,
    string Name,
    AccountId? Owner,
    Architecture Architecture,
    ImageState State,
    string? StateReason,
    StartMode StartMode,
    ImageFile? Kernel,
    ImageFile? Firmware,
    ImageFile? Initramfs,
    string CommandLine,
    bool HasAgent,
    ImageSharing? Sharing,
    IReadOnlyList<KeyValuePair<string, string>> Tags,
    DateTimeOffset CreatedAt,
    long Version)
{
    /// <summary>Whether it belongs to no account and answers to its name.</summary>
    public bool IsBuiltIn => Owner is null;

    /// <param name="image">The row, with its tags and permissions.</param>
    /// <param name="viewer">Who looks at it, or null for the server itself.</param>
    internal static ImageDetails Of(Image image, AccountId? viewer)
    {
        bool isOwner = viewer is not null && image.AccountId == viewer;
        return new(
            image.Id,
            image.Name,
            image.AccountId,
            image.Architecture,
            image.State,
            image.StateReason,
            image.StartMode,
            image.Kernel,
            image.Firmware,
            image.Initramfs,
            image.CommandLine,
            image.HasAgent,
            isOwner ? ImageSharing.Of(image) : null,
            isOwner && image.Tags.Count > 0 ? OrderedTags(image) : [],
            image.CreatedAt,
            image.Version);
    }

    private static KeyValuePair<string, string>[] OrderedTags(Image image) =>
        [.. image.Tags.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => KeyValuePair.Create(t.Key, t.Value))];
}
