using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Routing;

namespace CloudLab.Server.S3.Access;

/// <summary>ACLs in headers: <c>x-amz-acl</c> by name, or <c>x-amz-grant-…</c> by grantee.</summary>
internal static class AclHeaders
{
    private static readonly (string Header, AclPermission Permission)[] GrantHeaders =
    [
        ("x-amz-grant-full-control", AclPermission.FullControl),
        ("x-amz-grant-read", AclPermission.Read),
        ("x-amz-grant-write", AclPermission.Write),
        ("x-amz-grant-read-acp", AclPermission.ReadAcp),
        ("x-amz-grant-write-acp", AclPermission.WriteAcp),
    ];

    /// <summary>Whether a request has any of them.</summary>
    public static bool Has(S3Request request) =>
        request.Header("x-amz-acl") is not null || GrantHeaders.Any(grant => request.Header(grant.Header) is not null);

    /// <summary>The ACL that the headers say; the private one without any.</summary>
    public static async ValueTask<S3Result<AccessControlList>> ReadAsync(
        S3Request request, S3Owner owner, S3Owner bucketOwner, IS3Credentials credentials)
    {
        string? canned = request.Header("x-amz-acl");
        var grants = new List<Grant>();
        foreach ((string header, AclPermission permission) in GrantHeaders)
        {
            if (request.Header(header) is not { } list) continue;
            if (canned is not null) return S3Error.InvalidRequest("Specifying both Canned ACLs and Header Grants is not allowed");
            foreach (string item in list.Split(',', StringSplitOptions.TrimEntries))
            {
                S3Result<Grantee> grantee = await ReadGranteeAsync(item, credentials, header, request.Aborted);
                if (!grantee.IsOk) return grantee.Error;
                if (grants.Count == AccessControlList.MaxGrants) return S3Error.InvalidRequest("There are too many grants");
                grants.Add(new Grant(grantee.Value, permission));
            }
        }

        if (grants.Count > 0) return new AccessControlList(owner, grants);
        if (canned is null) return AccessControlList.Private(owner);
        return CannedAcl.Find(canned, owner, bucketOwner) is { } acl ? acl : S3Error.InvalidArgument("", "x-amz-acl", canned);
    }

    private static async ValueTask<S3Result<Grantee>> ReadGranteeAsync(
        string item, IS3Credentials credentials, string header, CancellationToken cancellationToken)
    {
        int equals = item.IndexOf('=');
        string kind = equals < 0 ? item : item[..equals].Trim();
        string value = equals < 0 ? "" : item[(equals + 1)..].Trim().Trim('"');
        return kind.ToLowerInvariant() switch
        {
            "id" => await GranteeLookup.ByIdAsync(value, credentials, cancellationToken),
            "emailaddress" => await GranteeLookup.ByEmailAsync(value, credentials, cancellationToken),
            "uri" => GranteeLookup.ByUri(value),
            _ => S3Error.InvalidArgument("Argument format not recognized", header, item),
        };
    }
}
