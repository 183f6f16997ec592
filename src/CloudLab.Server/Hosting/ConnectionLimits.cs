using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CloudLab.Server.Hosting;

/// <summary>What holding on to connections can cost, the same on each listener.</summary>
internal static class ConnectionLimits
{
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(15);

    // Load balancers and most clients drop an idle connection after at most 60 s. The server waits a little longer, so that
    // it closes none that a client is about to use; nginx has 75 s as well. Kestrel's own default is 130 s.
    private static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromSeconds(75);

    /// <param name="kestrel">The listener's server.</param>
    /// <param name="options">The bound for one address, where the operator set it; half of the total where not, so that one alone shuts nobody out.</param>
    /// <param name="total">How many connections there are at most.</param>
    /// <param name="configure">What else its endpoints need: Kestrel takes one action.</param>
    public static void Apply(KestrelServerOptions kestrel, ServerOptions options, int total, Action<ListenOptions>? configure = null)
    {
        kestrel.Limits.MaxConcurrentConnections = total;
        kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
        kestrel.Limits.KeepAliveTimeout = KeepAliveTimeout;
        var perAddress = new ConnectionsPerAddress(
            options.ConnectionsPerAddress ?? total / 2, kestrel.ApplicationServices.GetRequiredService<ILogger<ConnectionsPerAddress>>());
        kestrel.ConfigureEndpointDefaults(endpoint =>
        {
            endpoint.Use(next => connection => perAddress.RunAsync(connection, next));
            configure?.Invoke(endpoint);
        });
    }
}
