using CloudLab.Server.S3.Http;

namespace CloudLab.Server.S3.Auth;

/// <summary>A signature as it came, in the header or the query.</summary>
/// <param name="Credential">Who signed, for what.</param>
/// <param name="SignedHeaders">The signed headers' names in lower case.</param>
/// <param name="Signature">What the signature is claimed to be.</param>
internal sealed record SigV4Parameters(SigV4Credential Credential, IReadOnlyList<string> SignedHeaders, string Signature)
{
    // Far above any client's number of headers; bounds the work for one request.
    private const int MaxSignedHeaders = 100;

    /// <summary>Parses an Authorization header of this algorithm.</summary>
    public static S3Result<SigV4Parameters> ParseHeader(string header)
    {
        string? credential = null, signedHeaders = null, signature = null;
        foreach (Range range in header.AsSpan(SigV4.Algorithm.Length).Split(','))
        {
            ReadOnlySpan<char> part = header.AsSpan(SigV4.Algorithm.Length)[range].Trim();
            int equals = part.IndexOf('=');
            if (equals < 0) continue;
            string value = part[(equals + 1)..].Trim().ToString();
            switch (part[..equals].Trim())
            {
                case "Credential": credential = value; break;
                case "SignedHeaders": signedHeaders = value; break;
                case "Signature": signature = value; break;
            }
        }

        if (credential is null) return Malformed("missing Credential.");
        if (signedHeaders is null) return Malformed("missing SignedHeaders.");
        if (signature is null) return Malformed("missing Signature.");
        if (SigV4Credential.TryParse(credential) is not { } parsed)
            return Malformed("the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
        return SplitHeaders(signedHeaders) is { } names
            ? new SigV4Parameters(parsed, names, signature)
            : Malformed("the SignedHeaders must name the host header.");
    }

    /// <summary>Parses the parameters of a presigned query.</summary>
    public static S3Result<SigV4Parameters> ParseQuery(S3Query query)
    {
        if (query["X-Amz-Algorithm"] is not { } algorithm || query["X-Amz-Credential"] is not { } credential
            || query["X-Amz-SignedHeaders"] is not { } signedHeaders || query["X-Amz-Signature"] is not { } signature
            || query["X-Amz-Date"] is null || query["X-Amz-Expires"] is null)
        {
            return QueryError("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
                + "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.");
        }

        if (algorithm != SigV4.Algorithm) return QueryError("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
        if (SigV4Credential.TryParse(credential) is not { } parsed)
        {
            return QueryError("Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
                + "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
        }

        return SplitHeaders(signedHeaders) is { } names
            ? new SigV4Parameters(parsed, names, signature)
            : QueryError("X-Amz-SignedHeaders must name the host header.");
    }

    public static S3Error Malformed(string what) =>
        new(S3ErrorCode.AuthorizationHeaderMalformed, "The authorization header is malformed; " + what);

    public static S3Error QueryError(string message) => new(S3ErrorCode.AuthorizationQueryParametersError, message);

    private static string[]? SplitHeaders(string list)
    {
        string[] names = list.Split(';');
        if (names.Length > MaxSignedHeaders) return null;
        for (int i = 0; i < names.Length; i++) names[i] = names[i].ToLowerInvariant();
        return names.Contains("host") ? names : null;
    }
}
