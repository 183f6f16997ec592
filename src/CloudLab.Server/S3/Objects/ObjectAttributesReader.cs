using System.Text;
using CloudLab.Server.S3.Routing;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>What an upload's headers say of the object: content headers, metadata, tags, storage class, encryption.</summary>
internal static class ObjectAttributesReader
{
    public const string DefaultContentType = "binary/octet-stream";
    public const string WebsiteRedirect = "x-amz-website-redirect-location";

    // As S3: names and values together.
    private const int MaxMetadataBytes = 2 << 10;
    private const string MetadataPrefix = "x-amz-meta-";
    private const string AwsChunked = "aws-chunked";

    private static readonly string[] StorageClasses =
    [
        "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR",
    ];

    private static readonly string[] ContentHeaders = ["Cache-Control", "Content-Disposition", "Content-Language", "Expires"];

    /// <summary>Reads the headers of an upload.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isEncryptedByDefault">Whether the bucket encrypts what nobody asked to be encrypted.</param>
    public static S3Result<ObjectAttributes> Read(S3Request request, bool isEncryptedByDefault)
    {
        if (FindRefused(request) is { } refused) return refused;
        string storageClass = request.Header("x-amz-storage-class") is { Length: > 0 } given ? given : "STANDARD";
        if (!StorageClasses.Contains(storageClass))
            return new S3Error(S3ErrorCode.InvalidStorageClass, "The storage class you specified is not valid") { Details = [("StorageClassRequested", storageClass)] };
        S3Result<bool> encrypt = ReadEncryption(request, isEncryptedByDefault);
        if (!encrypt.IsOk) return encrypt.Error;
        S3Result<List<KeyValuePair<string, string>>> metadata = ReadMetadata(request);
        if (!metadata.IsOk) return metadata.Error;
        S3Result<IReadOnlyList<KeyValuePair<string, string>>> tags = TagSet.ReadHeader(request.Header("x-amz-tagging"));
        if (!tags.IsOk) return tags.Error;
        S3Result<List<KeyValuePair<string, string>>> headers = ReadHeaders(request);
        if (!headers.IsOk) return headers.Error;
        return new ObjectAttributes
        {
            Headers = headers.Value,
            Metadata = metadata.Value,
            Tags = tags.Value,
            StorageClass = storageClass,
            Encrypt = encrypt.Value,
        };
    }

    private static S3Error? FindRefused(S3Request request)
    {
        foreach (string name in request.Http.Request.Headers.Keys)
        {
            if (name.StartsWith("x-amz-server-side-encryption-customer-", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("x-amz-copy-source-server-side-encryption-customer-", StringComparison.OrdinalIgnoreCase)
                || name.Equals("x-amz-write-offset-bytes", StringComparison.OrdinalIgnoreCase))
                return S3Error.NotImplemented(name.ToLowerInvariant());
            if (name.StartsWith("x-amz-object-lock-", StringComparison.OrdinalIgnoreCase))
                return S3Error.InvalidRequest("Bucket is missing Object Lock Configuration");
        }

        return null;
    }

    private static S3Result<bool> ReadEncryption(S3Request request, bool isEncryptedByDefault) => request.Header("x-amz-server-side-encryption") switch
    {
        null => isEncryptedByDefault,
        "AES256" => true,
        "aws:kms" or "aws:kms:dsse" => S3Error.NotImplemented("x-amz-server-side-encryption"),
        { } other => S3Error.InvalidArgument("The encryption method specified is not supported", "x-amz-server-side-encryption", other),
    };

    private static S3Result<List<KeyValuePair<string, string>>> ReadMetadata(S3Request request)
    {
        var metadata = new List<KeyValuePair<string, string>>();
        int bytes = 0;
        foreach ((string name, var values) in request.Http.Request.Headers)
            if (name.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase))
                Add(name, string.Join(',', values.ToArray()));
        if (request.Identity.IsPresigned)
            foreach (var parameter in request.Query.Parameters)
                if (parameter.Name.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase))
                    Add(parameter.Name, Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(parameter.Value)));
        if (bytes <= MaxMetadataBytes) return metadata;
        return new S3Error(S3ErrorCode.MetadataTooLarge, "Your metadata headers exceed the maximum allowed metadata size")
        {
            Details = [("Size", $"{bytes}"), ("MaxSizeAllowed", $"{MaxMetadataBytes}")],
        };

        void Add(string name, string value)
        {
            string key = name[MetadataPrefix.Length..].ToLowerInvariant();
            bytes += key.Length + value.Length;
            metadata.Add(new(key, value));
        }
    }

    private static S3Result<List<KeyValuePair<string, string>>> ReadHeaders(S3Request request)
    {
        var headers = new List<KeyValuePair<string, string>>
        {
            new("Content-Type", request.Header("Content-Type") is { Length: > 0 } type ? type : DefaultContentType),
        };
        foreach (string name in ContentHeaders)
            if (request.Header(name) is { Length: > 0 } value)
                headers.Add(new(name, value));
        if (StripChunked(request.Header("Content-Encoding")) is { Length: > 0 } encoding) headers.Add(new("Content-Encoding", encoding));
        if (request.Header(WebsiteRedirect) is { } redirect)
        {
            if (redirect is not (['/', ..] or ['h', 't', 't', 'p', ':', '/', '/', ..] or ['h', 't', 't', 'p', 's', ':', '/', '/', ..]))
                return S3Error.InvalidArgument("The website redirect location must have a prefix of 'http://' or 'https://' or '/'.", WebsiteRedirect, redirect);
            headers.Add(new(WebsiteRedirect, redirect));
        }

        return headers;
    }

    // The framing of the request is not the object's.
    private static string? StripChunked(string? encoding) =>
        encoding is null || !encoding.Contains(AwsChunked, StringComparison.OrdinalIgnoreCase)
            ? encoding
            : string.Join(',', encoding.Split(',', StringSplitOptions.TrimEntries)
                .Where(part => !part.Equals(AwsChunked, StringComparison.OrdinalIgnoreCase)));
}
