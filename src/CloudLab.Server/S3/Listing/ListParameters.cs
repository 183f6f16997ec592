using System.Globalization;
using System.Text;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Routing;

namespace CloudLab.Server.S3.Listing;

/// <summary>What all listings ask for.</summary>
/// <param name="Prefix">Empty without one.</param>
/// <param name="Delimiter">Null without one; an empty one is none, but is echoed.</param>
/// <param name="MaxKeys">0 to 1000.</param>
/// <param name="IsUrlEncoded">Whether names in the answer are percent-encoded.</param>
internal sealed record ListParameters(string Prefix, string? Delimiter, int MaxKeys, bool IsUrlEncoded)
{
    public const int MaxPage = 1000;

    /// <summary>Reads them.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxName">The parameter that says how many.</param>
    public static S3Result<ListParameters> Read(S3Request request, string maxName)
    {
        S3Result<int> max = ReadNumber(request, maxName, MaxPage);
        if (!max.IsOk) return max.Error;
        string? encoding = request.Query["encoding-type"];
        if (encoding is { Length: > 0 } && !encoding.Equals("url", StringComparison.OrdinalIgnoreCase))
            return S3Error.InvalidArgument("Invalid Encoding Method specified in Request", "encoding-type", encoding);
        return new ListParameters(
            request.Query["prefix"] ?? "", request.Query["delimiter"], Math.Min(max.Value, MaxPage), encoding is { Length: > 0 });
    }

    /// <summary>A number of a query, 0 to 2³¹ - 1.</summary>
    public static S3Result<int> ReadNumber(S3Request request, string name, int missing)
    {
        string? text = request.Query[name];
        if (string.IsNullOrEmpty(text)) return missing;
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
            return S3Error.InvalidArgument($"Provided {name} not an integer or within integer range", name, text);
        return value is >= 0 and <= int.MaxValue
            ? (int)value
            : S3Error.InvalidArgument($"Argument {name} must be an integer between 0 and 2147483647", name, text);
    }

    /// <summary>A key, prefix, marker or delimiter as it stands in the answer.</summary>
    public string? Encode(string? name) => name is null || !IsUrlEncoded ? name : EncodeUrl(name);

    // Slashes stay as they are. A space is %20, never a plus: clients decode with and without the rules of HTML forms, and only
    // this is a space to both.
    private static string EncodeUrl(string name) => S3UriCodec.Encode(name, keepSlash: true);
}

/// <summary>Continuation tokens: opaque to clients, to us the name to start after.</summary>
internal static class ContinuationToken
{
    public static string Write(string name) => "1" + Convert.ToBase64String(Encoding.UTF8.GetBytes(name)).Replace('+', '-').Replace('/', '_');

    public static S3Result<string> Read(string token)
    {
        var bytes = new byte[token.Length];
        if (token.StartsWith('1') && Convert.TryFromBase64String(token[1..].Replace('-', '+').Replace('_', '/'), bytes, out int length))
            return Encoding.UTF8.GetString(bytes, 0, length);
        return S3Error.InvalidArgument("The continuation token provided is incorrect", "continuation-token", token);
    }
}
