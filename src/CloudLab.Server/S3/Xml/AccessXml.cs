using System.Xml.Linq;
using CloudLab.Server.S3.Access;

namespace CloudLab.Server.S3.Xml;

/// <summary>PublicAccessBlockConfiguration and OwnershipControls: on the wire, and as they are stored.</summary>
internal static class AccessXml
{
    public static byte[] Write(PublicAccessBlock block)
    {
        using var writer = new S3XmlWriter("PublicAccessBlockConfiguration");
        return writer
            .Add("BlockPublicAcls", block.BlockPublicAcls)
            .Add("IgnorePublicAcls", block.IgnorePublicAcls)
            .Add("BlockPublicPolicy", block.BlockPublicPolicy)
            .Add("RestrictPublicBuckets", block.RestrictPublicBuckets)
            .ToArray();
    }

    public static S3Result<PublicAccessBlock> ReadPublicAccessBlock(ReadOnlyMemory<byte> document)
    {
        S3Result<XElement> parsed = S3XmlReader.Parse(document, "PublicAccessBlockConfiguration");
        if (!parsed.IsOk) return parsed.Error;
        bool ok = true;
        var block = new PublicAccessBlock(Read("BlockPublicAcls"), Read("IgnorePublicAcls"), Read("BlockPublicPolicy"), Read("RestrictPublicBuckets"));
        return ok ? block : S3Error.MalformedXml;

        bool Read(string name)
        {
            string? text = parsed.Value.Text(name)?.Trim();
            ok &= text is null || text.ToLowerInvariant() is "true" or "false";
            return text?.ToLowerInvariant() == "true";
        }
    }

    public static byte[] Write(ObjectOwnership ownership)
    {
        using var writer = new S3XmlWriter("OwnershipControls");
        return writer.Open("Rule").Add("ObjectOwnership", ownership.ToString()).Close().ToArray();
    }

    public static S3Result<ObjectOwnership> ReadOwnership(ReadOnlyMemory<byte> document)
    {
        S3Result<XElement> parsed = S3XmlReader.Parse(document, "OwnershipControls");
        if (!parsed.IsOk) return parsed.Error;
        return parsed.Value.Elements("Rule").ToArray() is [{ } rule] && TryParse(rule.Text("ObjectOwnership"), out ObjectOwnership ownership)
            ? ownership
            : S3Error.MalformedXml;
    }

    public static bool TryParse(string? text, out ObjectOwnership ownership)
    {
        ownership = text switch
        {
            nameof(ObjectOwnership.BucketOwnerEnforced) => ObjectOwnership.BucketOwnerEnforced,
            nameof(ObjectOwnership.BucketOwnerPreferred) => ObjectOwnership.BucketOwnerPreferred,
            _ => ObjectOwnership.ObjectWriter,
        };
        return text == ownership.ToString();
    }
}
