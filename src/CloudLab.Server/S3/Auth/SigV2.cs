using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CloudLab.Server.S3.Http;

namespace CloudLab.Server.S3.Auth;

/// <summary>The arithmetic of signature version 2.</summary>
/// <remarks>Amazon S3 User Guide, "Signing and authenticating REST requests (AWS signature version 2)".</remarks>
internal static class SigV2
{
    /// <summary>The parameters that are part of what is signed; all others can be changed on the way.</summary>
    private static readonly FrozenSet<string> SignedParameters = new[]
    {
        "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location", "logging", "metrics",
        "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment", "response-cache-control",
        "response-content-disposition", "response-content-encoding", "response-content-language", "response-content-type",
        "response-expires", "restore", "select", "select-type", "storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId",
        "versioning", "versions", "website",
    }.ToFrozenSet();

    private static readonly string[] TimeFormats =
    [
        "ddd, dd MMM yyyy HH:mm:ss 'GMT'", "ddd, d MMM yyyy HH:mm:ss 'GMT'", "ddd, dd MMM yyyy HH:mm:ss zzz", "ddd, dd MMM yyyy HH:mm:ss 'UTC'",
        "ddd, dd MMM yyyy HH:mm:ss '+0000'", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy", "yyyyMMdd'T'HHmmss'Z'",
        "yyyy-MM-dd'T'HH:mm:ss'Z'",
    ];

    /// <summary>The signature that a request should have, as Base64.</summary>
    /// <param name="http">The request.</param>
    /// <param name="target">Its target.</param>
    /// <param name="date">What stands in the date's line: the Date header, nothing beside x-amz-date, or the expiry of a query.</param>
    /// <param name="secret">The signer's secret.</param>
    /// <param name="fromQuery">Whether parameters stand for headers.</param>
    [SuppressMessage("Security", "CA5350", Justification = "The signature version says SHA-1; HMAC does not depend on its collisions.")]
    public static string Sign(HttpContext http, S3Target target, string date, string secret, bool fromQuery)
    {
        var text = new StringBuilder(256);
        text.Append(http.Request.Method).Append('\n');
        text.Append(Find(http, target, "content-md5", fromQuery)).Append('\n');
        text.Append(Find(http, target, "content-type", fromQuery)).Append('\n');
        text.Append(date).Append('\n');
        AppendAmzHeaders(text, http.Request.Headers, fromQuery ? target.Query : S3Query.Empty);
        AppendResource(text, target);
        return Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.Latin1.GetBytes(text.ToString())));
    }

    /// <summary>Takes the forms of RFC 7231 section 7.1.1.1, ISO 8601, and what mail programs write.</summary>
    public static bool TryParseTime(string? text, out DateTimeOffset time) =>
        DateTimeOffset.TryParseExact(
            text,
            TimeFormats,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal | DateTimeStyles.AllowWhiteSpaces,
            out time);

    private static string Find(HttpContext http, S3Target target, string name, bool fromQuery)
    {
        if (http.Request.Headers.TryGetValue(name, out var value)) return value.ToString();
        return fromQuery ? target.Query[name] ?? "" : "";
    }

    private static void AppendAmzHeaders(StringBuilder text, IHeaderDictionary headers, S3Query query)
    {
        var lines = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (S3QueryParameter parameter in query.Parameters)
            if (parameter.Name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase))
                lines[parameter.Name.ToLowerInvariant()] = parameter.Value;
        foreach ((string name, var values) in headers)
            if (name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase))
                lines[name.ToLowerInvariant()] = string.Join(',', values.Select(v => v!.Trim()));
        foreach ((string name, string value) in lines) text.Append(name).Append(':').Append(value).Append('\n');
    }

    private static void AppendResource(StringBuilder text, S3Target target)
    {
        if (target.IsVirtualHost) text.Append('/').Append(target.Bucket);
        text.Append(target.RawPath);
        char separator = '?';
        foreach (S3QueryParameter parameter in target.Query.Parameters
            .Where(p => SignedParameters.Contains(p.Name))
            .OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            text.Append(separator).Append(parameter.Name);
            if (parameter.HasEquals && parameter.Value.Length > 0) text.Append('=').Append(parameter.Value);
            separator = '&';
        }
    }
}
