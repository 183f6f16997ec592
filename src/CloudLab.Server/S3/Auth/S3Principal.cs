namespace CloudLab.Server.S3.Auth;

/// <summary>Who owns buckets and objects, as lists and ACLs show it.</summary>
/// <param name="Id">The canonical user id.</param>
/// <param name="DisplayName">For people.</param>
internal sealed record S3Owner(string Id, string DisplayName);

/// <summary>Who holds an access key.</summary>
/// <param name="AccessKeyId">The key.</param>
/// <param name="AccountId">The account whose quotas count, 12 digits.</param>
/// <param name="UserName">The account's user, or null for the account itself.</param>
/// <param name="Owner">What owns the buckets and objects that it makes.</param>
internal sealed record S3Principal(string AccessKeyId, string AccountId, string? UserName, S3Owner Owner)
{
    /// <summary>The secret. Not a part of the record's text, so that no log can hold it.</summary>
    public required string Secret { private get; init; }

    /// <summary>Lends the secret to a signature's computation.</summary>
    public string RevealSecret() => Secret;

    public override string ToString() => $"{AccountId}/{UserName ?? "root"}/{AccessKeyId}";
}
