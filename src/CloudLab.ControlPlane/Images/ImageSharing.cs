using CloudLab.ControlPlane.Identity;

namespace CloudLab.ControlPlane.Images;

/// <summary>Who may use an image besides its own account.</summary>
/// <param name="Accounts">These accounts, in order.</param>
/// <param name="IsPublic">Every account.</param>
public sealed record ImageSharing(IReadOnlyList<AccountId> Accounts, bool IsPublic)
{
    internal static ImageSharing Of(Image image) => new(
        [.. image.Permissions.Select(p => p.AccountId).OrderBy(a => a.Value, StringComparer.Ordinal)], image.IsPublic);
}
