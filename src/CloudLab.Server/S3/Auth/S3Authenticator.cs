using System.Globalization;
using CloudLab.Server.S3.Http;

namespace CloudLab.Server.S3.Auth;

/// <summary>
/// Finds who makes a request. A request without a signature is nobody's and is decided by policies and ACLs; one with a
/// signature that does not hold is refused, never taken for one without.
/// </summary>
internal sealed class S3Authenticator(IS3Credentials credentials, S3Options options, TimeProvider time)
{
    private readonly SigV4Verifier _v4 = new(credentials, options, time);
    private readonly SigV2Verifier _v2 = new(credentials, options, time);

    public static S3Error MissingDate { get; } = new(
        S3ErrorCode.AccessDenied, "AWS authentication requires a valid Date or x-amz-date header");

    /// <summary>Who makes the request, or what is wrong with its signature.</summary>
    public ValueTask<S3Result<S3Identity>> AuthenticateAsync(HttpContext http, S3Target target)
    {
        string? header = http.Request.Headers.Authorization;
        bool queryV4 = target.Query.Contains("X-Amz-Signature") || target.Query.Contains("X-Amz-Credential") || target.Query.Contains("X-Amz-Algorithm");
        bool queryV2 = target.Query.Contains("Signature") || target.Query.Contains("AWSAccessKeyId");
        if (string.IsNullOrEmpty(header))
        {
            if (queryV4) return _v4.VerifyQueryAsync(http, target);
            if (!queryV2) return new(new S3Identity(null, UnsignedPayload(http), IsPresigned: false));
            return options.AllowSigV2 ? _v2.VerifyQueryAsync(http, target) : new(SigV2Refused);
        }

        if (queryV4 || queryV2)
        {
            return new(S3Error.InvalidArgument(
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the "
                + "Authorization header should be specified",
                "Authorization",
                null));
        }

        if (header.StartsWith(SigV4.Algorithm, StringComparison.Ordinal)) return _v4.VerifyHeaderAsync(http, target, header);
        if (header.StartsWith(SigV2Verifier.Prefix, StringComparison.Ordinal))
            return options.AllowSigV2 ? _v2.VerifyHeaderAsync(http, target, header) : new(SigV2Refused);
        return header.StartsWith("AWS4-ECDSA-P256-SHA256", StringComparison.Ordinal)
            ? new(S3Error.NotImplemented("AWS4-ECDSA-P256-SHA256"))
            : new(S3Error.InvalidArgument("Unsupported Authorization Type", "Authorization", null));
    }

    /// <summary>How a body is framed that no signature covers.</summary>
    public static PayloadSigning UnsignedPayload(HttpContext http)
    {
        bool chunked = http.Request.Headers["x-amz-content-sha256"] == SigV4.StreamingUnsignedTrailer
            || (http.Request.Headers.ContainsKey("x-amz-decoded-content-length")
                && http.Request.Headers.ContentEncoding.Any(e => e!.Contains("aws-chunked", StringComparison.OrdinalIgnoreCase)));
        return chunked ? new PayloadSigning(PayloadKind.UnsignedChunksWithTrailer) : PayloadSigning.Unsigned;
    }

    public static S3Error InvalidAccessKeyId(string accessKeyId) =>
        new(S3ErrorCode.InvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records.")
        {
            Details = [("AWSAccessKeyId", accessKeyId)],
        };

    public static S3Error SignatureDoesNotMatch(string accessKeyId) =>
        new(
            S3ErrorCode.SignatureDoesNotMatch,
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.")
        {
            Details = [("AWSAccessKeyId", accessKeyId)],
        };

    public static S3Error Expired(DateTimeOffset until, DateTimeOffset now) =>
        new(S3ErrorCode.AccessDenied, "Request has expired") { Details = [("Expires", Iso(until)), ("ServerTime", Iso(now))] };

    public static S3Error Skewed(DateTimeOffset signedAt, DateTimeOffset now) =>
        new(S3ErrorCode.RequestTimeTooSkewed, "The difference between the request time and the current time is too large.")
        {
            Details = [("RequestTime", Iso(signedAt)), ("ServerTime", Iso(now)), ("MaxAllowedSkewMilliseconds", "900000")],
        };

    private static S3Error SigV2Refused { get; } = S3Error.InvalidRequest(
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");

    private static string Iso(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
