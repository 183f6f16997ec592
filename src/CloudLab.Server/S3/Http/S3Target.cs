namespace CloudLab.Server.S3.Http;

/// <summary>
/// Which bucket and key a request means. Taken from the request line as it came: a path that a server has normalised no
/// longer tells <c>a//b</c>, <c>a/../b</c> and <c>b</c> apart, which are three keys.
/// </summary>
internal sealed class S3Target
{
    private S3Target(string rawPath, S3Query query, string? bucket, string? key, bool isVirtualHost)
    {
        RawPath = rawPath;
        Query = query;
        Bucket = bucket;
        Key = key;
        IsVirtualHost = isVirtualHost;
    }

    /// <summary>The path of the request line without the query, still encoded; starts with a slash.</summary>
    public string RawPath { get; }

    public S3Query Query { get; }

    /// <summary>The bucket's name, or null for the service itself. Not checked.</summary>
    public string? Bucket { get; }

    /// <summary>The object's key, decoded, or null for the bucket itself.</summary>
    public string? Key { get; }

    /// <summary>Whether the bucket came from the host name.</summary>
    public bool IsVirtualHost { get; }

    /// <summary>Parses the target of a request line.</summary>
    /// <param name="rawTarget">As it came: origin form, or absolute form from a proxy's client.</param>
    /// <param name="host">The Host header, port included.</param>
    /// <param name="domains">The domains below which a host name's first part is a bucket. No other host name is looked at.</param>
    public static S3Result<S3Target> Parse(string rawTarget, string host, IReadOnlyList<string> domains)
    {
        var invalid = new S3Error(S3ErrorCode.InvalidURI, "Couldn't parse the specified URI.");
        ReadOnlySpan<char> target = rawTarget;
        int scheme = target.IndexOf("://", StringComparison.Ordinal);
        if (!target.StartsWith('/') && scheme > 0)
        {
            target = target[(scheme + 3)..];
            int slash = target.IndexOf('/');
            target = slash < 0 ? "/" : target[slash..];
        }

        if (!target.StartsWith('/')) return invalid;
        int question = target.IndexOf('?');
        ReadOnlySpan<char> path = question < 0 ? target : target[..question];
        if (!S3Query.TryParse(question < 0 ? default : target[(question + 1)..], out S3Query? query)) return invalid;
        return VirtualBucket(host, domains) is { } bucket
            ? OfPath(path, path[1..], query, bucket, invalid)
            : OfPathStyle(path, query, invalid);
    }

    private static S3Result<S3Target> OfPathStyle(ReadOnlySpan<char> path, S3Query query, S3Error invalid)
    {
        ReadOnlySpan<char> rest = path[1..];
        if (rest.IsEmpty) return new S3Target(path.ToString(), query, null, null, isVirtualHost: false);
        int slash = rest.IndexOf('/');
        ReadOnlySpan<char> name = slash < 0 ? rest : rest[..slash];
        if (!S3UriCodec.TryDecode(name, plusIsSpace: false, out string? bucket)) return invalid;
        string? key = null;
        ReadOnlySpan<char> rawKey = slash < 0 ? default : rest[(slash + 1)..];
        if (!rawKey.IsEmpty && !S3UriCodec.TryDecode(rawKey, plusIsSpace: false, out key)) return invalid;
        return new S3Target(path.ToString(), query, bucket, key, isVirtualHost: false);
    }

    private static S3Result<S3Target> OfPath(ReadOnlySpan<char> path, ReadOnlySpan<char> rawKey, S3Query query, string bucket, S3Error invalid)
    {
        string? key = null;
        if (!rawKey.IsEmpty && !S3UriCodec.TryDecode(rawKey, plusIsSpace: false, out key)) return invalid;
        return new S3Target(path.ToString(), query, bucket, key, isVirtualHost: true);
    }

    private static string? VirtualBucket(string host, IReadOnlyList<string> domains)
    {
        int colon = host.LastIndexOf(':');
        ReadOnlySpan<char> name = colon > host.LastIndexOf(']') ? host.AsSpan(0, colon) : host;
        foreach (string domain in domains)
        {
            if (name.Length <= domain.Length + 1 || !name.EndsWith(domain, StringComparison.OrdinalIgnoreCase)) continue;
            if (name[^(domain.Length + 1)] != '.') continue;
            return name[..^(domain.Length + 1)].ToString().ToLowerInvariant();
        }

        return null;
    }
}
