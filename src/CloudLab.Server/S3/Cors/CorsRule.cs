using CloudLab.Server.S3.Access;

namespace CloudLab.Server.S3.Cors;

/// <summary>What pages of other origins may do with a bucket.</summary>
internal sealed record CorsRule
{
    public string? Id { get; init; }

    /// <summary>With at most one <c>*</c> each.</summary>
    public required IReadOnlyList<string> Origins { get; init; }

    public required IReadOnlyList<string> Methods { get; init; }

    /// <summary>Request headers, with at most one <c>*</c> each.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    public IReadOnlyList<string> ExposedHeaders { get; init; } = [];

    public int? MaxAgeSeconds { get; init; }

    /// <summary>Whether it allows every origin, so that the answer may be kept for all of them.</summary>
    public bool IsForAll => Origins.Contains("*");

    public bool Fits(string origin, string method, IReadOnlyList<string> headers) =>
        Origins.Any(o => PolicyPattern.Matches(o, origin, ignoreCase: true))
        && Methods.Contains(method)
        && headers.All(header => Headers.Any(allowed => PolicyPattern.Matches(allowed, header, ignoreCase: true)));
}
