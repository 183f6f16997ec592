namespace CloudLab.Server.S3.Auth;

/// <summary>Who owns buckets and objects, as lists and ACLs show it.</summary>
/// <param name="Id">The canonical user id of an account.</param>
/// <param name="DisplayName">The account's name.</param>
/// <param name="AccountId">The account's id; empty where an owner was read from a stored ACL.</param>
internal sealed record S3Owner(string Id, string DisplayName, string AccountId = "");

/// <summary>Who holds an access key.</summary>
/// <param name="AccessKeyId">The key.</param>
/// <param name="AccountId">The account whose quotas count, 12 digits.</param>
/// <param name="UserName">The account's user, or null for the account itself.</param>
/// <param name="Owner">What owns the buckets and objects that it makes.</param>
internal sealed record S3Principal(string AccessKeyId, string AccountId, string? UserName, S3Owner Owner)
{
    /// <summary>Whether the key may only read.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Whether the key administers its account: it can always undo a policy that shuts everybody out.</summary>
    public bool IsAdministrator { get; init; }

    /// <summary>As policies name it.</summary>
    public string Arn => UserName is null ? $"arn:aws:iam::{AccountId}:root" : $"arn:aws:iam::{AccountId}:user/{UserName}";

    /// <summary>The secret. Not a part of the record's text, so that no log can hold it.</summary>
    public required string Secret { private get; init; }

    /// <summary>Lends the secret to a signature's computation.</summary>
    public string RevealSecret() => Secret;

    public override string ToString() => $"{AccountId}/{UserName ?? "root"}/{AccessKeyId}";
}
