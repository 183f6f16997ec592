using CloudLab.Server.Problems;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

namespace CloudLab.Server.Security;

/// <summary>
/// Refuses JSON that is compressed or in another encoding than UTF-8, the only one it has between systems (RFC 8259, 8.1):
/// the framework throws at names of encodings that it does not know, and nothing here unpacks a body.
/// </summary>
internal sealed class JsonBodyGuard(RequestDelegate next)
{
    private const string Json = "application/json";

    public Task InvokeAsync(HttpContext context)
    {
        bool takesJson = context.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>()?.ContentTypes.Contains(Json) == true;
        return takesJson && Refusal(context.Request) is { } detail
            ? new ProblemResult(StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type", detail).ExecuteAsync(context)
            : next(context);
    }

    private static string? Refusal(HttpRequest request)
    {
        if (request.Headers.ContentEncoding.Count > 0 && request.Headers.ContentEncoding != "identity")
            return "the body must not be compressed: leave out Content-Encoding";
        bool isOther = MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            && type.Charset.HasValue
            && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase);
        return isOther ? "the body must be JSON in UTF-8" : null;
    }
}
