namespace CloudLab.Server.Console;

/// <summary>Keeps pages of other origins from opening consoles: browsers do not ask before a cross-origin WebSocket.</summary>
internal static class ConsoleOrigin
{
    /// <summary>Whether the request came from no page at all or from one of this server.</summary>
    public static bool IsAllowed(HttpRequest request)
    {
        string? text = request.Headers.Origin;
        if (string.IsNullOrEmpty(text)) return true;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? origin)) return false;

        // Only host and port: behind a TLS proxy the scheme that the browser sees is not ours.
        int port = request.Host.Port ?? (origin.Scheme == "https" ? 443 : 80);
        return origin.Host.Equals(request.Host.Host, StringComparison.OrdinalIgnoreCase) && origin.Port == port;
    }
}
