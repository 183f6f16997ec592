using CloudLab.Storage.Blobs.Checksums;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Storage.Blobs.Data;

/// <summary>The digests of a body that is as it was declared.</summary>
/// <param name="ETag">The MD5 in hexadecimal.</param>
/// <param name="Checksums">What was asked for.</param>
internal sealed record CheckedBody(string ETag, IReadOnlyList<ObjectChecksum> Checksums)
{
    /// <summary>Compares a body that was read to its end with what was declared.</summary>
    public static StoreResult<CheckedBody> Check(BodyDigests digests, long length, BodyExpectation expectation)
    {
        if (expectation.Length is { } declaredLength && declaredLength != length)
            return StoreError.IncompleteBody;
        var md5 = digests.Md5();
        if (expectation.Md5 is { } declaredMd5 && !declaredMd5.Span.SequenceEqual(md5))
            return StoreError.BadDigest;
        var checksums = digests.Checksums();
        foreach (var declared in expectation.Declared?.Invoke() ?? [])
        {
            var computed = checksums.FirstOrDefault(checksum => checksum.Algorithm == declared.Algorithm);
            if (computed is null || !computed.Value.Span.SequenceEqual(declared.Value.Span))
                return new StoreFailure(StoreError.BadChecksum, declared.Algorithm.ToString());
        }

        return new CheckedBody(Convert.ToHexStringLower(md5), checksums);
    }
}
