using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CloudLab.Server.S3.Http;

namespace CloudLab.Server.S3.Auth;

/// <summary>Verifies signatures of version 2, in the header and in the query.</summary>
internal sealed class SigV2Verifier(IS3Credentials credentials, S3Options options, TimeProvider time)
{
    public const string Prefix = "AWS ";

    /// <summary>Verifies an Authorization header.</summary>
    public async ValueTask<S3Result<S3Identity>> VerifyHeaderAsync(HttpContext http, S3Target target, string authorization)
    {
        string[] parts = authorization[Prefix.Length..].Trim().Split(':');
        if (parts.Length != 2) return S3Error.InvalidArgument("AWS authorization header is invalid.  Expected AwsAccessKeyId:signature", "Authorization", null);
        string? amzDate = http.Request.Headers["x-amz-date"];
        string? date = http.Request.Headers.Date;
        if (!SigV2.TryParseTime(amzDate ?? date, out DateTimeOffset signedAt)) return S3Authenticator.MissingDate;
        DateTimeOffset now = time.GetUtcNow();
        if ((now - signedAt).Duration() > options.MaxClockSkew) return S3Authenticator.Skewed(signedAt, now);
        return await VerifyAsync(http, target, parts[0], parts[1], amzDate is null ? date! : "", fromQuery: false);
    }

    /// <summary>Verifies a presigned query.</summary>
    public async ValueTask<S3Result<S3Identity>> VerifyQueryAsync(HttpContext http, S3Target target)
    {
        if (target.Query["AWSAccessKeyId"] is not { } accessKey || target.Query["Signature"] is not { } signature
            || target.Query["Expires"] is not { } expires)
        {
            return new S3Error(
                S3ErrorCode.AccessDenied, "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters");
        }

        // Up to the year 9999: more is no time.
        if (!long.TryParse(expires, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seconds) || seconds is < 0 or > 253402300799)
            return new S3Error(S3ErrorCode.AccessDenied, "Invalid date (should be seconds since epoch): " + expires);
        DateTimeOffset until = DateTimeOffset.FromUnixTimeSeconds(seconds);
        DateTimeOffset now = time.GetUtcNow();
        return now > until
            ? S3Authenticator.Expired(until, now)
            : await VerifyAsync(http, target, accessKey, signature, expires, fromQuery: true);
    }

    private async ValueTask<S3Result<S3Identity>> VerifyAsync(
        HttpContext http, S3Target target, string accessKey, string signature, string date, bool fromQuery)
    {
        if (await credentials.FindAsync(accessKey, http.RequestAborted) is not { } principal) return S3Authenticator.InvalidAccessKeyId(accessKey);
        string expected = SigV2.Sign(http, target, date, principal.RevealSecret(), fromQuery);
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), Encoding.UTF8.GetBytes(signature))
            ? new S3Identity(principal, S3Authenticator.UnsignedPayload(http), fromQuery) { SignatureVersion = "AWS" }
            : S3Authenticator.SignatureDoesNotMatch(accessKey);
    }
}
