namespace CloudLab.ControlPlane.Identity;

/// <summary>An access key that was just made.</summary>
/// <param name="Key">The key.</param>
/// <param name="Secret">Its secret: shown this once.</param>
/// <param name="CanonicalUserId">The account's id in S3's owners and grants.</param>
/// <param name="AccountName">The account's name in S3's owners and grants.</param>
public sealed record NewAccessKey(AccessKeyDetails Key, string Secret, string CanonicalUserId, string AccountName)
{
    /// <summary>Without the secret.</summary>
    public override string ToString() => Key.ToString();
}
