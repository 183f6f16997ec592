using System.Buffers.Text;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Images;

namespace CloudLab.Server.Api.Images;

/// <summary>What an upload's headers say of its body.</summary>
internal static class UploadHeaders
{
    private const string ChecksumSha256 = "x-checksum-sha256";
    private const string ContentDigest = "Content-Digest";
    private const int Md5Bytes = 16;
    private const int Sha256Bytes = 32;

    /// <summary>
    /// Reads <c>Content-Length</c>, <c>Content-MD5</c> (RFC 1864), <c>x-checksum-sha256</c> (hexadecimal or base64) and the
    /// <c>sha-256</c> of <c>Content-Digest</c> (RFC 9530; other algorithms there are passed over, as it says).
    /// </summary>
    /// <returns>What to hold the body against. Errors: InvalidParameter.</returns>
    public static Result<UploadChecks> Read(HttpRequest request)
    {
        IHeaderDictionary headers = request.Headers;
        if (headers.ContentRange.Count > 0) return Invalid("a file is uploaded as a whole: leave out Content-Range");
        if (headers.ContentEncoding.Count > 0 && headers.ContentEncoding != "identity")
            return Invalid("a file is uploaded as it is: leave out Content-Encoding");
        byte[]? md5 = null, sha256 = null, digest = null;
        if (headers.ContentMD5.Count > 0 && !TryBase64(headers.ContentMD5, Md5Bytes, out md5))
            return Invalid("Content-MD5 is not the base64 of 16 bytes");
        if (headers[ChecksumSha256].Count > 0 && !TryHexadecimal(headers[ChecksumSha256], out sha256) && !TryBase64(headers[ChecksumSha256], Sha256Bytes, out sha256))
            return Invalid($"{ChecksumSha256} is not 64 hexadecimal digits or the base64 of 32 bytes");
        if (headers[ContentDigest].Count > 0 && !TryDigest(headers[ContentDigest].ToString(), out digest))
            return Invalid($"{ContentDigest} is not in the form sha-256=:BASE64:");
        if (sha256 is not null && digest is not null && !sha256.AsSpan().SequenceEqual(digest))
            return Invalid($"{ChecksumSha256} and {ContentDigest} contradict each other");
        return new UploadChecks(request.ContentLength, md5, sha256 ?? digest);
    }

    // A dictionary of structured fields (RFC 8941) whose values are byte sequences.
    private static bool TryDigest(string header, out byte[]? sha256)
    {
        sha256 = null;
        foreach (string member in header.Split(',', StringSplitOptions.TrimEntries))
        {
            int equals = member.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) return false;
            string value = member[(equals + 1)..];
            if (value is not [':', .., ':'] || value.Length < 2) return false;
            if (member[..equals] == "sha-256" && !TryBase64(value[1..^1], Sha256Bytes, out sha256)) return false;
        }

        return true;
    }

    private static bool TryHexadecimal(string? text, out byte[]? bytes)
    {
        bytes = null;
        if (text is not { Length: 2 * Sha256Bytes } || !text.All(char.IsAsciiHexDigit)) return false;
        bytes = Convert.FromHexString(text);
        return true;
    }

    private static bool TryBase64(string? text, int length, out byte[]? bytes)
    {
        bytes = null;
        if (text is null || !Base64.IsValid(text, out int decoded) || decoded != length) return false;
        bytes = Convert.FromBase64String(text);
        return true;
    }

    private static CloudLabError Invalid(string message) => new(ErrorCode.InvalidParameter, message);
}
