using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CloudLab.Server.S3.Http;
using Microsoft.Extensions.Primitives;

namespace CloudLab.Server.S3.Auth;

/// <summary>The arithmetic of AWS Signature Version 4 as S3 uses it: single encoding of the path, payload hash from a header.</summary>
/// <remarks>Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".</remarks>
internal static class SigV4
{
    public const string Algorithm = "AWS4-HMAC-SHA256";
    public const string Service = "s3";
    public const string Terminator = "aws4_request";
    public const string UnsignedPayload = "UNSIGNED-PAYLOAD";
    public const string StreamingPayload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    public const string StreamingPayloadTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
    public const string StreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    /// <summary>The key that signs for one day, region and service.</summary>
    public static byte[] SigningKey(string secret, SigV4Scope scope)
    {
        byte[] key = HMACSHA256.HashData(Encoding.UTF8.GetBytes("AWS4" + secret), Encoding.UTF8.GetBytes(scope.Date));
        key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(scope.Region));
        key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(scope.Service));
        return HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(Terminator));
    }

    /// <summary>Signs a canonical request.</summary>
    public static byte[] Sign(byte[] signingKey, string time, SigV4Scope scope, byte[] canonicalRequest)
    {
        string text = $"{Algorithm}\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(canonicalRequest))}";
        return HMACSHA256.HashData(signingKey, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The bytes whose hash is signed.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="target">Path and query as they came.</param>
    /// <param name="headers">The request's headers; their text holds one byte in each character.</param>
    /// <param name="signedHeaders">The names of those that count, lower case, in the signer's order.</param>
    /// <param name="payloadHash">The hash of the body, or the word that stands for it.</param>
    /// <param name="encoding">Latin-1 for the header bytes as they came; UTF-8 for clients that sign text which they send as Latin-1.</param>
    public static byte[] CanonicalRequest(
        string method, S3Target target, IHeaderDictionary headers, IReadOnlyList<string> signedHeaders, string payloadHash, Encoding encoding)
    {
        var text = new StringBuilder(512);
        text.Append(method).Append('\n').Append(CanonicalPath(target.RawPath)).Append('\n');
        AppendCanonicalQuery(text, target.Query);
        text.Append('\n');
        foreach (string name in signedHeaders)
        {
            text.Append(name).Append(':');
            AppendHeader(text, headers[name]);
            text.Append('\n');
        }

        text.Append('\n').AppendJoin(';', signedHeaders).Append('\n').Append(payloadHash);
        return encoding.GetBytes(text.ToString());
    }

    public static bool TryParseTime(string? text, out DateTimeOffset time) =>
        DateTimeOffset.TryParseExact(
            text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);

    public static string FormatTime(DateTimeOffset time) => time.ToUniversalTime().ToString(TimeFormat, CultureInfo.InvariantCulture);

    // Clients differ in what they leave unencoded on the wire; what they sign is the one strict encoding.
    private static string CanonicalPath(string rawPath) =>
        S3UriCodec.TryDecode(rawPath, plusIsSpace: false, out string? decoded) ? S3UriCodec.Encode(decoded, keepSlash: true) : rawPath;

    private static void AppendCanonicalQuery(StringBuilder text, S3Query query)
    {
        if (query.Parameters.Count == 0) return;
        var pairs = new List<(string Name, string Value)>(query.Parameters.Count);
        foreach (S3QueryParameter parameter in query.Parameters)
            if (parameter.Name != "X-Amz-Signature")
                pairs.Add((S3UriCodec.Encode(parameter.Name, keepSlash: false), S3UriCodec.Encode(parameter.Value, keepSlash: false)));
        pairs.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name) is not 0 and int order ? order : string.CompareOrdinal(a.Value, b.Value));
        for (int i = 0; i < pairs.Count; i++)
        {
            if (i > 0) text.Append('&');
            text.Append(pairs[i].Name).Append('=').Append(pairs[i].Value);
        }
    }

    private static void AppendHeader(StringBuilder text, StringValues values)
    {
        for (int i = 0; i < values.Count; i++)
        {
            if (i > 0) text.Append(',');
            AppendCollapsed(text, values[i].AsSpan().Trim(' '));
        }
    }

    private static void AppendCollapsed(StringBuilder text, ReadOnlySpan<char> value)
    {
        bool space = false;
        foreach (char c in value)
        {
            if (c != ' ' || !space) text.Append(c);
            space = c == ' ';
        }
    }
}
