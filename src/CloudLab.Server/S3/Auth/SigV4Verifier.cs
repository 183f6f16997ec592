using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CloudLab.Server.S3.Http;

namespace CloudLab.Server.S3.Auth;

/// <summary>Verifies signatures of version 4, in the header and in the query.</summary>
internal sealed class SigV4Verifier(IS3Credentials credentials, S3Options options, TimeProvider time)
{
    // As S3: a week.
    private const int MaxExpires = 604800;

    /// <summary>Verifies an Authorization header.</summary>
    public async ValueTask<S3Result<S3Identity>> VerifyHeaderAsync(HttpContext http, S3Target target, string authorization)
    {
        S3Result<SigV4Parameters> parsed = SigV4Parameters.ParseHeader(authorization);
        if (!parsed.IsOk) return parsed.Error;
        SigV4Parameters given = parsed.Value;
        if (await credentials.FindAsync(given.Credential.AccessKeyId, http.RequestAborted) is not { } principal)
            return S3Authenticator.InvalidAccessKeyId(given.Credential.AccessKeyId);
        if (!TryReadTime(http.Request.Headers, out DateTimeOffset signedAt)) return S3Authenticator.MissingDate;
        if ((time.GetUtcNow() - signedAt).Duration() > options.MaxClockSkew) return S3Authenticator.Skewed(signedAt, time.GetUtcNow());
        if (CheckScope(given.Credential.Scope, signedAt) is { } wrongScope)
            return SigV4Parameters.Malformed(wrongScope) with { Details = [("Region", options.Region)] };
        if ((string?)http.Request.Headers["x-amz-content-sha256"] is not { } payload)
            return S3Error.InvalidRequest("Missing required header for this request: x-amz-content-sha256");
        return Verify(http, target, given, principal, SigV4.FormatTime(signedAt), payload, isPresigned: false);
    }

    /// <summary>Verifies a presigned query.</summary>
    public async ValueTask<S3Result<S3Identity>> VerifyQueryAsync(HttpContext http, S3Target target)
    {
        S3Result<SigV4Parameters> parsed = SigV4Parameters.ParseQuery(target.Query);
        if (!parsed.IsOk) return parsed.Error;
        SigV4Parameters given = parsed.Value;
        if (!SigV4.TryParseTime(target.Query["X-Amz-Date"], out DateTimeOffset signedAt))
            return SigV4Parameters.QueryError("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
        if (!long.TryParse(target.Query["X-Amz-Expires"], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long expires))
            return SigV4Parameters.QueryError("X-Amz-Expires should be a number");
        if (expires < 0) return SigV4Parameters.QueryError("X-Amz-Expires must be non-negative");
        if (expires > MaxExpires)
            return SigV4Parameters.QueryError("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds");
        if (CheckScope(given.Credential.Scope, signedAt) is { } wrongScope)
            return SigV4Parameters.QueryError("Error parsing the X-Amz-Credential parameter; " + wrongScope) with { Details = [("Region", options.Region)] };
        if (await credentials.FindAsync(given.Credential.AccessKeyId, http.RequestAborted) is not { } principal)
            return S3Authenticator.InvalidAccessKeyId(given.Credential.AccessKeyId);
        DateTimeOffset now = time.GetUtcNow();
        if (signedAt - now > options.MaxClockSkew) return new S3Error(S3ErrorCode.AccessDenied, "Request is not yet valid");
        if (now > signedAt.AddSeconds(expires)) return S3Authenticator.Expired(signedAt.AddSeconds(expires), now);
        string payload = target.Query["X-Amz-Content-Sha256"] ?? (string?)http.Request.Headers["x-amz-content-sha256"] ?? SigV4.UnsignedPayload;
        return Verify(http, target, given, principal, SigV4.FormatTime(signedAt), payload, isPresigned: true);
    }

    private static S3Result<S3Identity> Verify(
        HttpContext http, S3Target target, SigV4Parameters given, S3Principal principal, string signedAt, string payload, bool isPresigned)
    {
        if (FindUnsigned(http.Request.Headers, given.SignedHeaders) is { } unsigned)
        {
            return new S3Error(S3ErrorCode.AccessDenied, "There were headers present in the request which were not signed")
            {
                Details = [("HeadersNotSigned", unsigned)],
            };
        }

        SigV4Scope scope = given.Credential.Scope;
        byte[] key = SigV4.SigningKey(principal.RevealSecret(), scope);
        if (!IsSignedBy(key, Encoding.Latin1) && !IsSignedBy(key, Encoding.UTF8)) return S3Authenticator.SignatureDoesNotMatch(given.Credential.AccessKeyId);
        S3Result<PayloadSigning> signing = ParsePayload(payload, new ChunkSigner(key, signedAt, scope, given.Signature));
        return signing.IsOk
            ? new S3Identity(principal, signing.Value, isPresigned) { SignatureVersion = SigV4.Algorithm }
            : signing.Error;

        bool IsSignedBy(byte[] signingKey, Encoding encoding)
        {
            byte[] request = SigV4.CanonicalRequest(http.Request.Method, target, http.Request.Headers, given.SignedHeaders, payload, encoding);
            string signature = Convert.ToHexStringLower(SigV4.Sign(signingKey, signedAt, scope, request));
            return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(signature), Encoding.UTF8.GetBytes(given.Signature));
        }
    }

    private string? CheckScope(SigV4Scope scope, DateTimeOffset signedAt)
    {
        if (scope.Region != options.Region) return $"the region '{scope.Region}' is wrong; expecting '{options.Region}'";
        if (scope.Service != SigV4.Service) return $"incorrect service \"{scope.Service}\". This endpoint belongs to \"s3\".";
        return SigV4.FormatTime(signedAt).StartsWith(scope.Date, StringComparison.Ordinal)
            ? null
            : $"Invalid credential date \"{scope.Date}\". This date is not the same as X-Amz-Date: \"{signedAt:yyyyMMdd}\".";
    }

    // An x-amz- header that nobody signed could have been added on the way: an ACL, say. Its hash is bound by the signature itself.
    private static string? FindUnsigned(IHeaderDictionary headers, IReadOnlyList<string> signed)
    {
        foreach (string name in headers.Keys)
        {
            if (!name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase)) continue;
            if (name.Equals("x-amz-content-sha256", StringComparison.OrdinalIgnoreCase)) continue;
            if (!signed.Contains(name, StringComparer.OrdinalIgnoreCase)) return name.ToLowerInvariant();
        }

        return null;
    }

    private static bool TryReadTime(IHeaderDictionary headers, out DateTimeOffset signedAt)
    {
        string? text = (string?)headers["x-amz-date"] ?? headers.Date;
        return SigV4.TryParseTime(text, out signedAt) || SigV2.TryParseTime(text, out signedAt);
    }

    private static S3Result<PayloadSigning> ParsePayload(string payload, ChunkSigner signer) => payload switch
    {
        SigV4.UnsignedPayload => PayloadSigning.Unsigned,
        SigV4.StreamingPayload => new PayloadSigning(PayloadKind.SignedChunks) { Signer = signer },
        SigV4.StreamingPayloadTrailer => new PayloadSigning(PayloadKind.SignedChunksWithTrailer) { Signer = signer },
        SigV4.StreamingUnsignedTrailer => new PayloadSigning(PayloadKind.UnsignedChunksWithTrailer),
        _ when payload.Length == 64 && payload.All(char.IsAsciiHexDigit) =>
            new PayloadSigning(PayloadKind.Hashed) { Sha256 = payload.ToLowerInvariant() },
        _ when payload.StartsWith("STREAMING-AWS4-ECDSA", StringComparison.Ordinal) => S3Error.NotImplemented(payload),
        _ => S3Error.InvalidArgument(
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
            + "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
            "x-amz-content-sha256",
            payload),
    };
}
