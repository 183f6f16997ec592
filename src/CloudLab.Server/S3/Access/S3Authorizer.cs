using System.Globalization;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Routing;

namespace CloudLab.Server.S3.Access;

/// <summary>
/// Decides on access in S3's order: a denial by the policy outweighs everything; else the policy, the ACL or ownership may
/// allow; what nothing allows is denied.
/// </summary>
internal sealed class S3Authorizer(TimeProvider time)
{
    /// <summary>Null if the caller may, else AccessDenied.</summary>
    public S3Error? Check(S3Request request, BucketAccess bucket, AccessQuestion question) =>
        IsAllowed(request, bucket, question) ? null : S3Error.AccessDenied;

    public bool IsAllowed(S3Request request, BucketAccess bucket, AccessQuestion question)
    {
        S3Principal? caller = request.Principal;
        bool isOwner = caller is not null && caller.Owner.Id == bucket.Owner.Id;
        if (caller is { IsReadOnly: true } && !IsRead(question.Action)) return false;
        switch (Evaluate(request, bucket, question))
        {
            // Else a policy could shut out everybody who could change it.
            case PolicyEffect.Deny:
                return isOwner && caller!.IsAdministrator
                    && question.Action is "s3:GetBucketPolicy" or "s3:PutBucketPolicy" or "s3:DeleteBucketPolicy";
            case PolicyEffect.Allow when isOwner || !(bucket.PublicAccessBlock.RestrictPublicBuckets && bucket.Policy!.IsPublic):
                return true;
        }

        return IsAllowedByAcl(caller, bucket, question, isOwner);
    }

    private static bool IsAllowedByAcl(S3Principal? caller, BucketAccess bucket, AccessQuestion question, bool isOwner)
    {
        if (bucket.IsOwnerEnforced) return isOwner;
        if (question.Acl is not { } permission) return isOwner;
        AccessControlList acl = question.ObjectAcl ?? bucket.Acl;
        return acl.Allows(caller?.Owner.Id, permission, bucket.PublicAccessBlock.IgnorePublicAcls);
    }

    private PolicyEffect Evaluate(S3Request request, BucketAccess bucket, AccessQuestion question)
    {
        if (bucket.Policy is not { } policy) return PolicyEffect.None;
        string resource = "arn:aws:s3:::" + bucket.Bucket.Name + (question.Key is null ? "" : "/" + question.Key);
        return policy.Evaluate(new PolicyContext(request.Principal, question.Action, resource, key => Find(request, bucket, question, key)));
    }

    private static bool IsRead(string action) =>
        action.StartsWith("s3:Get", StringComparison.Ordinal) || action.StartsWith("s3:List", StringComparison.Ordinal);

    private string[]? Find(S3Request request, BucketAccess bucket, AccessQuestion question, string key)
    {
        const string Existing = "s3:existingobjecttag/";
        const string Requested = "s3:requestobjecttag/";
        if (key.StartsWith(Existing, StringComparison.Ordinal)) return FindTag(question.ExistingTags, key[Existing.Length..]);
        if (key.StartsWith(Requested, StringComparison.Ordinal)) return FindTag(question.RequestTags, key[Requested.Length..]);
        DateTimeOffset now = time.GetUtcNow();
        return key switch
        {
            "aws:currenttime" => [now.ToString("O", CultureInfo.InvariantCulture)],
            "aws:epochtime" => [now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)],
            "aws:principalaccount" => One(request.Principal?.AccountId),
            "aws:principalarn" => One(request.Principal?.Arn),
            "aws:principaltype" => [request.Principal is null ? "Anonymous" : "User"],
            "aws:referer" => One(request.Http.Request.Headers.Referer),
            "aws:useragent" => One(request.Http.Request.Headers.UserAgent),
            "aws:securetransport" => [request.Http.Request.IsHttps ? "true" : "false"],
            "aws:sourceip" => One(request.Http.Connection.RemoteIpAddress?.ToString()),
            "aws:userid" => One(request.Principal?.Owner.Id ?? "anonymous"),
            "aws:username" => One(request.Principal?.UserName),
            "s3:authtype" => One(AuthType(request)),
            "s3:delimiter" or "s3:prefix" or "s3:max-keys" => One(request.Query[key[3..]]),
            "s3:locationconstraint" => One(bucket.Bucket.Region),
            "s3:requestobjecttagkeys" => question.RequestTags.Count == 0 ? null : [.. question.RequestTags.Select(tag => tag.Key)],
            "s3:resourceaccount" => One(bucket.Owner.AccountId is { Length: > 0 } id ? id : null),
            "s3:signatureversion" => One(request.Identity.SignatureVersion),
            "s3:versionid" => One(request.VersionId),
            "s3:if-match" or "s3:if-none-match" or ['s', '3', ':', 'x', '-', 'a', 'm', 'z', '-', ..] => One(request.Header(key[3..])),
            _ => null,
        };
    }

    private static string? AuthType(S3Request request) =>
        request.Principal is null ? null : request.Identity.IsPresigned ? "REST-QUERY-STRING" : "REST-HEADER";

    private static string[]? One(string? value) => value is null ? null : [value];

    private static string[]? FindTag(IReadOnlyList<KeyValuePair<string, string>> tags, string key)
    {
        foreach (KeyValuePair<string, string> tag in tags)
            if (tag.Key == key)
                return [tag.Value];
        return null;
    }
}
