namespace CloudLab.Server.S3.Access;

/// <summary>What a bucket's public access block forbids.</summary>
/// <param name="BlockPublicAcls">Refuse to set ACLs that give something to everybody.</param>
/// <param name="IgnorePublicAcls">Do not count grants to everybody.</param>
/// <param name="BlockPublicPolicy">Refuse to set policies that are public.</param>
/// <param name="RestrictPublicBuckets">Under a public policy only the owner's account gets in.</param>
internal sealed record PublicAccessBlock(bool BlockPublicAcls, bool IgnorePublicAcls, bool BlockPublicPolicy, bool RestrictPublicBuckets)
{
    public static PublicAccessBlock None { get; } = new(false, false, false, false);
}
