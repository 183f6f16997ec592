namespace CloudLab.Server.S3.Access;

/// <summary>What a caller wants to do.</summary>
/// <param name="Action">As policies name it.</param>
/// <param name="Key">The object's key, or null for the bucket.</param>
/// <param name="Acl">What an ACL must grant, or null where ACLs grant nothing.</param>
internal sealed record AccessQuestion(string Action, string? Key, AclPermission? Acl)
{
    /// <summary>The object's ACL where that one counts; null for the bucket's.</summary>
    public AccessControlList? ObjectAcl { get; init; }

    /// <summary>The tags that the object has.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ExistingTags { get; init; } = [];

    /// <summary>The tags that the request brings.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> RequestTags { get; init; } = [];
}
