namespace CloudLab.Server.Problems;

/// <summary>Problems for answers that the framework gives by status alone, e.g. an unknown path.</summary>
internal static class StatusProblems
{
    public static ProblemResult For(int status, HttpContext context) => status switch
    {
        StatusCodes.Status400BadRequest => new(status, "bad-request", "the request is malformed"),
        StatusCodes.Status401Unauthorized => new(status, "unauthenticated", "this needs an 'Authorization: Bearer TOKEN' header"),
        StatusCodes.Status403Forbidden => new(status, "forbidden", "the token's role does not allow this"),
        StatusCodes.Status404NotFound => new(status, "path-not-found", $"there is nothing at {context.Request.Path}; see /openapi/v1.json"),
        StatusCodes.Status405MethodNotAllowed =>
            new(status, "method-not-allowed", $"{context.Request.Path} does not take {context.Request.Method}; see the Allow header"),
        StatusCodes.Status408RequestTimeout => new(status, "request-timeout", "the request took too long to arrive", retryable: true),
        StatusCodes.Status413PayloadTooLarge => new(status, "body-too-large", "the request's body is too large"),
        StatusCodes.Status415UnsupportedMediaType => new(status, "unsupported-media-type", "the body must be application/json"),
        StatusCodes.Status429TooManyRequests => new(status, "too-many-requests", "there are too many of these at once", retryable: true),
        StatusCodes.Status503ServiceUnavailable => new(status, "unavailable", "the server cannot do this now", retryable: true),
        >= 500 => new(status, "internal-error", "the server failed; its log has more under this trace id"),
        _ => new(status, "bad-request", "the request cannot be served"),
    };
}
