using System.Security.Cryptography;
using CloudLab.Server.S3.Routing;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>Reads bodies that are documents: whole, bounded, verified as uploads are.</summary>
internal static class S3Document
{
    /// <summary>More than any configuration needs.</summary>
    public const int MaxConfiguration = 256 << 10;

    /// <summary>A thousand keys of 1024 characters, each escaped; or ten thousand parts with their checksums.</summary>
    public const int MaxList = 8 << 20;

    /// <summary>The body's bytes, verified. Empty without a body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxBytes">The most that is read.</param>
    /// <param name="isDescribed">Whether checksums in headers are the body's: with CompleteMultipartUpload they are the object's.</param>
    public static async Task<S3Result<byte[]>> ReadAsync(S3Request request, int maxBytes, bool isDescribed = true)
    {
        if (request.Http.Request.ContentLength is null && !request.Http.Request.Headers.ContainsKey("Transfer-Encoding")) return Array.Empty<byte>();
        S3Result<S3Body> opened = S3Body.Open(request);
        if (!opened.IsOk) return opened.Error;
        await using S3Body body = opened.Value;
        if (body.Expectation.Length > maxBytes)
            return new S3Error(S3ErrorCode.MaxMessageLengthExceeded, "Your request was too big.");
        var bytes = new byte[(int)body.Expectation.Length!];
        int read = await body.Content.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, request.Aborted);
        if (read < bytes.Length) return StoreErrors.Map(new StoreFailure(StoreError.IncompleteBody));
        // The end must be asked for: signatures are checked there.
        if (await body.Content.ReadAsync(new byte[1], request.Aborted) > 0) return StoreErrors.Map(new StoreFailure(StoreError.IncompleteBody));
        return isDescribed && Verify(bytes, body.Expectation) is { } wrong ? wrong : bytes;
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5351", Justification = "Content-MD5 is MD5")]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "x-amz-checksum-sha1 is SHA-1")]
    private static S3Error? Verify(byte[] bytes, BodyExpectation expectation)
    {
        if (expectation.Md5 is { } md5 && !MD5.HashData(bytes).AsSpan().SequenceEqual(md5.Span))
            return StoreErrors.Map(new StoreFailure(StoreError.BadDigest));
        foreach (ObjectChecksum declared in expectation.Declared!())
        {
            byte[] actual = declared.Algorithm switch
            {
                ChecksumAlgorithm.Sha1 => SHA1.HashData(bytes),
                ChecksumAlgorithm.Sha256 => SHA256.HashData(bytes),
                ChecksumAlgorithm.Crc32 => DocumentCrc.Crc32(bytes),
                ChecksumAlgorithm.Crc32C => DocumentCrc.Crc32C(bytes),
                ChecksumAlgorithm.Crc64Nvme => DocumentCrc.Crc64Nvme(bytes),
            };
            if (!actual.AsSpan().SequenceEqual(declared.Value.Span))
                return StoreErrors.Map(new StoreFailure(StoreError.BadChecksum, ChecksumHeaders.NameOf(declared.Algorithm)));
        }

        return null;
    }
}
