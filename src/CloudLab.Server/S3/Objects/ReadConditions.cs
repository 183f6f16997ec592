using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>Conditions of reads and of copies' sources.</summary>
/// <param name="IfMatch">ETags of which one must be the object's.</param>
/// <param name="IfNoneMatch">ETags of which none may be.</param>
/// <param name="IfModifiedSince">The object must be newer.</param>
/// <param name="IfUnmodifiedSince">It must not be.</param>
/// <remarks>RFC 9110, section 13.2.2: a date counts only where there is no ETag of the same sense.</remarks>
internal sealed record ReadConditions(string? IfMatch, string? IfNoneMatch, string? IfModifiedSince, string? IfUnmodifiedSince)
{
    public static ReadConditions OfRead(IHeaderDictionary headers) =>
        new(headers.IfMatch, headers.IfNoneMatch, headers.IfModifiedSince, headers.IfUnmodifiedSince);

    public static ReadConditions OfCopySource(Routing.S3Request request) => new(
        request.Header("x-amz-copy-source-if-match"),
        request.Header("x-amz-copy-source-if-none-match"),
        request.Header("x-amz-copy-source-if-modified-since"),
        request.Header("x-amz-copy-source-if-unmodified-since"));

    /// <summary>Null if they hold; else PreconditionFailed or NotModified.</summary>
    public S3Error? Check(ObjectVersion version)
    {
        if (IfMatch is not null)
        {
            if (!Names(IfMatch, version.ETag)) return S3Error.PreconditionFailed("If-Match");
        }
        else if (TryParse(IfUnmodifiedSince, out DateTimeOffset unmodified) && Seconds(version.LastModified) > unmodified)
        {
            return S3Error.PreconditionFailed("If-Unmodified-Since");
        }

        if (IfNoneMatch is not null) return Names(IfNoneMatch, version.ETag) ? S3Error.NotModified : null;
        return TryParse(IfModifiedSince, out DateTimeOffset modified) && Seconds(version.LastModified) <= modified ? S3Error.NotModified : null;
    }

    /// <summary>Whether a list of ETags, quoted or not, names one.</summary>
    public static bool Names(string list, string etag)
    {
        foreach (Range range in list.AsSpan().Split(','))
        {
            ReadOnlySpan<char> item = list.AsSpan()[range].Trim();
            if (item.StartsWith("W/")) item = item[2..];
            if (item is "*" || item.Trim('"').SequenceEqual(etag)) return true;
        }

        return false;
    }

    /// <summary>Whether an <c>If-Range</c> lets a range be served: the object is still the one that the client has the rest of.</summary>
    /// <param name="validator">One ETag (also without quotes, which some clients leave out) or a date.</param>
    /// <param name="version">The object.</param>
    /// <remarks>
    /// RFC 9110, section 13.1.5: the comparison is strong, so a weak ETag never holds; a date holds only if it is that of
    /// <c>Last-Modified</c>, not if it is later. Whatever else it is does not hold: the whole object is always right.
    /// </remarks>
    public static bool AllowsRange(string validator, ObjectVersion version)
    {
        ReadOnlySpan<char> one = validator.AsSpan().Trim();
        if (one is ['"', .. var tag, '"']) return tag.SequenceEqual(version.ETag);
        return one.SequenceEqual(version.ETag) || (TryParse(validator, out DateTimeOffset time) && time == Seconds(version.LastModified));
    }

    private static bool TryParse(string? text, out DateTimeOffset time) => Auth.SigV2.TryParseTime(text, out time);

    // Clients know times to the second.
    private static DateTimeOffset Seconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
}
