using CloudLab.Server.S3.Routing;
using CloudLab.Storage.Blobs.Objects;

namespace CloudLab.Server.S3.Objects;

/// <summary>Conditions of writes: <c>If-Match</c> and <c>If-None-Match</c>.</summary>
internal static class WriteConditions
{
    public static WriteCondition Read(S3Request request)
    {
        string? match = request.Header("If-Match");
        string? noneMatch = request.Header("If-None-Match");
        return match is null && noneMatch is null ? WriteCondition.None : new WriteCondition(Unquote(match), Unquote(noneMatch));
    }

    /// <summary>A write's failure; of an unmet condition the header that was not met.</summary>
    public static S3Error Map(StoreFailure failure, S3Request request, WriteCondition condition) =>
        failure.Error == StoreError.PreconditionFailed
            ? S3Error.PreconditionFailed(condition.IfNoneMatch is null ? "If-Match" : "If-None-Match")
            : StoreErrors.Map(failure, request.BucketName);

    public static string? Unquote(string? etag) => etag?.Trim().Trim('"');
}
