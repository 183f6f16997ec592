using CloudLab.Server.Hosting;
using CloudLab.Server.Problems;

namespace CloudLab.Server.Security;

/// <summary>
/// Refuses requests for other host names than this server's: a web page whose name was rebound to a loopback address
/// would otherwise reach it through the user's browser as if it were of the same origin.
/// </summary>
internal sealed class HostGuard(RequestDelegate next, ServerOptions options)
{
    private readonly bool _anyHost = options.AllowedHosts.Count == 0 && options.Addresses.Any(a => !a.IsLoopback);

    private readonly HashSet<string> _hosts =
        new(["localhost", "127.0.0.1", "[::1]", .. options.AllowedHosts], StringComparer.OrdinalIgnoreCase);

    public Task InvokeAsync(HttpContext context)
    {
        string host = context.Request.Host.Host;
        if (_anyHost || _hosts.Contains(host)) return next(context);
        var problem = new ProblemResult(
            StatusCodes.Status421MisdirectedRequest,
            "host-not-allowed",
            $"this server does not answer to the host name '{host}'; --allowed-hosts can add it");
        return problem.ExecuteAsync(context);
    }
}
