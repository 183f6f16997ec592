using System.Xml.Linq;
using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Auth;

namespace CloudLab.Server.S3.Xml;

/// <summary>An ACL as AccessControlPolicy: on the wire, and as it is stored.</summary>
internal static class AclXml
{
    private const string Root = "AccessControlPolicy";

    public static byte[] Write(AccessControlList acl)
    {
        using var writer = new S3XmlWriter(Root);
        writer.Open("Owner").Add("ID", acl.Owner.Id).Add("DisplayName", acl.Owner.DisplayName).Close().Open("AccessControlList");
        foreach (Grant grant in acl.Grants)
        {
            writer.Open("Grant").Open("Grantee");
            if (grant.Grantee.Uri is { } uri)
                writer.Type("Group").Add("URI", uri);
            else
                writer.Type("CanonicalUser").Add("ID", grant.Grantee.Id).Add("DisplayName", grant.Grantee.DisplayName);
            writer.Close().Add("Permission", NameOf(grant.Permission)).Close();
        }

        return writer.Close().ToArray();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static AccessControlList? ReadStored(ReadOnlyMemory<byte> document)
    {
        S3Result<XElement> parsed = S3XmlReader.Parse(document, Root);
        if (!parsed.IsOk || parsed.Value.Element("Owner") is not { } owner || parsed.Value.Element("AccessControlList") is not { } list) return null;
        var grants = new List<Grant>();
        foreach (XElement element in list.Elements("Grant"))
        {
            if (element.Element("Grantee") is not { } grantee || Permission(element.Text("Permission")) is not { } permission) return null;
            grants.Add(new Grant(new Grantee(grantee.Text("ID"), grantee.Text("DisplayName"), grantee.Text("URI")), permission));
        }

        return new AccessControlList(new S3Owner(owner.Text("ID") ?? "", owner.Text("DisplayName") ?? ""), grants);
    }

    /// <summary>Reads what a client sent, and looks up whom it names.</summary>
    public static async ValueTask<S3Result<AccessControlList>> ReadAsync(
        ReadOnlyMemory<byte> document, S3Owner owner, IS3Credentials credentials, CancellationToken cancellationToken)
    {
        var malformed = new S3Error(
            S3ErrorCode.MalformedACLError, "The XML you provided was not well-formed or did not validate against our published schema");
        S3Result<XElement> parsed = S3XmlReader.Parse(document, Root);
        if (!parsed.IsOk) return malformed;
        // S3 takes the owner for what it is: it must be the one there is.
        if (parsed.Value.Element("Owner")?.Text("ID") is not { } ownerId) return malformed;
        if (ownerId != owner.Id) return S3Error.AccessDenied;
        var grants = new List<Grant>();
        foreach (XElement element in parsed.Value.Element("AccessControlList")?.Elements("Grant") ?? [])
        {
            if (element.Element("Grantee") is not { } grantee || Permission(element.Text("Permission")) is not { } permission) return malformed;
            S3Result<Grantee> found = await FindAsync(grantee, credentials, malformed, cancellationToken);
            if (!found.IsOk) return found.Error;
            if (grants.Count == AccessControlList.MaxGrants) return malformed;
            grants.Add(new Grant(found.Value, permission));
        }

        return new AccessControlList(owner, grants);
    }

    private static async ValueTask<S3Result<Grantee>> FindAsync(
        XElement grantee, IS3Credentials credentials, S3Error malformed, CancellationToken cancellationToken)
    {
        if (grantee.Text("ID") is { } id) return await GranteeLookup.ByIdAsync(id, credentials, cancellationToken);
        if (grantee.Text("EmailAddress") is { } email) return await GranteeLookup.ByEmailAsync(email, credentials, cancellationToken);
        return grantee.Text("URI") is { } uri ? GranteeLookup.ByUri(uri) : malformed;
    }

    private static AclPermission? Permission(string? name) => name switch
    {
        "READ" => AclPermission.Read,
        "WRITE" => AclPermission.Write,
        "READ_ACP" => AclPermission.ReadAcp,
        "WRITE_ACP" => AclPermission.WriteAcp,
        "FULL_CONTROL" => AclPermission.FullControl,
        _ => null,
    };

    private static string NameOf(AclPermission permission) => permission switch
    {
        AclPermission.Read => "READ",
        AclPermission.Write => "WRITE",
        AclPermission.ReadAcp => "READ_ACP",
        AclPermission.WriteAcp => "WRITE_ACP",
        AclPermission.FullControl => "FULL_CONTROL",
    };
}
