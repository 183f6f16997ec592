using CloudLab.ControlPlane.Identity;

namespace CloudLab.ControlPlane.Images;

/// <summary>That another account may use an image: start instances from it and copy it.</summary>
public sealed class ImagePermission
{
    public const int MaxPerImage = 100;

    public ImagePermission(AccountId accountId) => AccountId = accountId;

    public ImageId ImageId { get; private set; }

    public AccountId AccountId { get; private set; }
}
