using System.Xml.Linq;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Xml;

namespace CloudLab.Server.S3.Objects;

/// <summary>Tags of objects and buckets: in documents, and in the header <c>x-amz-tagging</c>.</summary>
internal static class TagSet
{
    public const int MaxObjectTags = 10;
    public const int MaxBucketTags = 50;
    private const int MaxKey = 128;
    private const int MaxValue = 256;

    /// <summary>The tags that a Tagging document has.</summary>
    public static S3Result<IReadOnlyList<KeyValuePair<string, string>>> Read(ReadOnlyMemory<byte> document, int maxTags)
    {
        S3Result<XElement> parsed = S3XmlReader.Parse(document, "Tagging");
        if (!parsed.IsOk) return parsed.Error;
        if (parsed.Value.Element("TagSet") is not { } set) return S3Error.MalformedXml;
        var tags = new List<KeyValuePair<string, string>>();
        foreach (XElement tag in set.Elements("Tag"))
        {
            if (tag.Text("Key") is not { } key || tag.Text("Value") is not { } value) return S3Error.MalformedXml;
            tags.Add(new(key, value));
        }

        return Check(tags, maxTags) is { } wrong ? wrong : tags;
    }

    /// <summary>The tags of <c>x-amz-tagging</c>, encoded as a query.</summary>
    public static S3Result<IReadOnlyList<KeyValuePair<string, string>>> ReadHeader(string? header)
    {
        if (string.IsNullOrEmpty(header)) return Array.Empty<KeyValuePair<string, string>>();
        if (!S3Query.TryParse(header, out S3Query? query))
            return S3Error.InvalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", "x-amz-tagging", header);
        List<KeyValuePair<string, string>> tags = [.. query.Parameters.Select(p => new KeyValuePair<string, string>(p.Name, p.Value))];
        return Check(tags, MaxObjectTags) is { } wrong ? wrong : tags;
    }

    public static byte[] Write(IReadOnlyList<KeyValuePair<string, string>> tags)
    {
        using var writer = new S3XmlWriter("Tagging");
        writer.Open("TagSet");
        foreach ((string key, string value) in tags) writer.Open("Tag").Add("Key", key).Add("Value", value).Close();
        return writer.Close().ToArray();
    }

    private static S3Error? Check(List<KeyValuePair<string, string>> tags, int maxTags)
    {
        if (tags.Count > maxTags)
        {
            return maxTags == MaxObjectTags
                ? new S3Error(S3ErrorCode.InvalidTag, $"Object tags cannot be greater than {maxTags}")
                : new S3Error(S3ErrorCode.InvalidTag, $"Bucket tag count cannot be greater than {maxTags}");
        }

        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string key, string value) in tags)
        {
            if (key.Length is 0 or > MaxKey) return Invalid("The TagKey you have provided is invalid", key);
            if (value.Length > MaxValue) return Invalid("The TagValue you have provided is invalid", key);
            if (key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase)) return Invalid("System tags cannot be added/updated by requester", key);
            if (!keys.Add(key)) return Invalid("Cannot provide multiple Tags with the same key", key);
        }

        return null;
    }

    private static S3Error Invalid(string message, string key) => new(S3ErrorCode.InvalidTag, message) { Details = [("TagKey", key)] };
}
