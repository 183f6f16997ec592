using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

namespace CloudLab.Server.Api.Common;

/// <summary>One thing with its <c>ETag</c>: 200, or 304 when the client has this version already (<c>If-None-Match</c>).</summary>
/// <param name="view">The thing.</param>
/// <param name="tag">What its version is called: printable ASCII without quotes.</param>
internal sealed class EntityResult<TView>(TView view, string tag) : IResult, IStatusCodeHttpResult, IEndpointMetadataProvider
{
    /// <summary>With the row's version for a tag.</summary>
    public EntityResult(TView view, long version)
        : this(view, version.ToString(CultureInfo.InvariantCulture))
    {
    }

    int? IStatusCodeHttpResult.StatusCode => StatusCodes.Status200OK;

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(TView), ["application/json"]));
        if (!builder.Metadata.OfType<IHttpMethodMetadata>().Any(route => route.HttpMethods.Contains(HttpMethods.Get))) return;
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status304NotModified, typeof(void)));
        builder.Metadata.Add(EntityHeaders.Instance);
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var current = new EntityTagHeaderValue($"\"{tag}\"");
        httpContext.Response.Headers.ETag = current.ToString();
        // Only a GET asks whether it has changed; the answer to a change is always what came of it.
        bool isRead = HttpMethods.IsGet(httpContext.Request.Method);
        if (isRead && Knows(httpContext.Request.GetTypedHeaders().IfNoneMatch, current))
        {
            httpContext.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        return httpContext.Response.WriteAsJsonAsync(view, httpContext.RequestAborted);
    }

    // RFC 9110, 13.1.2: compared weakly; what cannot be read is no tag, and the whole answer is never wrong.
    private static bool Knows(IList<EntityTagHeaderValue> known, EntityTagHeaderValue current) =>
        known.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(current, useStrongComparison: false));
}
