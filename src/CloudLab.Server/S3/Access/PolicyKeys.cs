using System.Collections.Frozen;

namespace CloudLab.Server.S3.Access;

/// <summary>The condition keys that requests can be asked for.</summary>
/// <remarks>A policy with another one is refused: a condition that is always missing would allow or deny in silence.</remarks>
internal static class PolicyKeys
{
    private static readonly FrozenSet<string> Known = new[]
    {
        "aws:currenttime", "aws:epochtime", "aws:principalaccount", "aws:principalarn", "aws:principaltype", "aws:referer", "aws:securetransport",
        "aws:sourceip", "aws:useragent", "aws:userid", "aws:username", "s3:authtype", "s3:delimiter", "s3:locationconstraint", "s3:max-keys",
        "s3:prefix", "s3:requestobjecttagkeys", "s3:resourceaccount", "s3:signatureversion", "s3:versionid", "s3:x-amz-acl",
        "s3:x-amz-content-sha256", "s3:x-amz-copy-source", "s3:x-amz-grant-full-control", "s3:x-amz-grant-read", "s3:x-amz-grant-read-acp",
        "s3:x-amz-grant-write", "s3:x-amz-grant-write-acp", "s3:x-amz-metadata-directive", "s3:x-amz-object-ownership",
        "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:x-amz-server-side-encryption-customer-algorithm", "s3:x-amz-storage-class", "s3:x-amz-tagging-directive",
        "s3:if-match", "s3:if-none-match",
    }.ToFrozenSet();

    private static readonly string[] Tagged = ["s3:existingobjecttag/", "s3:requestobjecttag/"];

    /// <summary>Lower case, but for what stands behind a slash: tag keys tell cases apart.</summary>
    public static string Normalize(string key)
    {
        int slash = key.IndexOf('/');
        return slash < 0 ? key.ToLowerInvariant() : key[..slash].ToLowerInvariant() + key[slash..];
    }

    public static bool IsKnown(string normalized) =>
        Known.Contains(normalized) || Tagged.Any(prefix => normalized.StartsWith(prefix, StringComparison.Ordinal));
}
