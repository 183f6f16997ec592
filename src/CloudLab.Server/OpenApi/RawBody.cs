using Microsoft.AspNetCore.Http.Metadata;

namespace CloudLab.Server.OpenApi;

/// <summary>Marks a route whose body is a file as it is, of any content type.</summary>
/// <param name="MaxBytes">The largest file; the server's general limit is for JSON.</param>
internal sealed record RawBody(long MaxBytes) : IRequestSizeLimitMetadata
{
    public long? MaxRequestBodySize => MaxBytes;
}
