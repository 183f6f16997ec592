namespace CloudLab.Server.Security;

/// <summary>Headers that keep browsers from doing more with an answer than it is for.</summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    private const string Nothing = "default-src 'none'; frame-ancestors 'none'";

    // Swagger UI and the console page load their own scripts and styles only. Swagger UI sets styles on elements and
    // has images in data: URLs.
    private const string OwnPage = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        + "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        // At the last moment, because whoever answers an exception clears what headers there are.
        context.Response.OnStarting(Add, context);
        return next(context);
    }

    private static Task Add(object state)
    {
        var context = (HttpContext)state;
        IHeaderDictionary headers = context.Response.Headers;
        bool page = context.Request.Path.StartsWithSegments("/swagger") || context.Request.Path.StartsWithSegments("/console");
        headers.ContentSecurityPolicy = page ? OwnPage : Nothing;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        if (!page) headers.CacheControl = "no-store";
        return Task.CompletedTask;
    }
}
