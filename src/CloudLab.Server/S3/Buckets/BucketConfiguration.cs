namespace CloudLab.Server.S3.Buckets;

/// <summary>The kinds of documents that a bucket's row carries. Each is the XML or JSON that the API answers with.</summary>
internal static class BucketConfiguration
{
    /// <summary>AccessControlPolicy; every bucket has one from its creation.</summary>
    public const string Acl = "acl";

    /// <summary>The policy, JSON as it was set.</summary>
    public const string Policy = "policy";

    /// <summary>OwnershipControls.</summary>
    public const string Ownership = "ownership";

    /// <summary>PublicAccessBlockConfiguration.</summary>
    public const string PublicAccessBlock = "public-access-block";

    /// <summary>CORSConfiguration.</summary>
    public const string Cors = "cors";

    /// <summary>Tagging.</summary>
    public const string Tagging = "tagging";

    /// <summary>ServerSideEncryptionConfiguration.</summary>
    public const string Encryption = "encryption";
}
