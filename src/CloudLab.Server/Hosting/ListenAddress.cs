using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace CloudLab.Server.Hosting;

/// <summary>An address the server listens on.</summary>
/// <param name="Url">As Kestrel takes it, e.g. <c>http://127.0.0.1:8080</c>.</param>
/// <param name="IsHttps">Whether the traffic is encrypted.</param>
/// <param name="IsLoopback">Whether only this machine can reach it.</param>
internal sealed record ListenAddress(string Url, bool IsHttps, bool IsLoopback)
{
    /// <summary>Takes <c>http://host:port</c> and <c>https://host:port</c>, nothing behind the port.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ListenAddress? address)
    {
        address = null;
        BindingAddress binding;
        try
        {
            binding = BindingAddress.Parse(text);
        }
        catch (FormatException)
        {
            return false;
        }

        bool https = binding.Scheme.Equals("https", StringComparison.OrdinalIgnoreCase);
        bool http = binding.Scheme.Equals("http", StringComparison.OrdinalIgnoreCase);
        if (!(http || https) || binding.PathBase.Length > 0 || binding.IsUnixPipe || binding.IsNamedPipe) return false;
        if (binding.Host.Length == 0 || binding.Port is < 0 or > ushort.MaxValue) return false;
        address = new ListenAddress(text, https, IsLoopbackHost(binding.Host));
        return true;
    }

    // Kestrel binds every name but localhost to all interfaces, so a name is as open as 0.0.0.0.
    private static bool IsLoopbackHost(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? ip) && IPAddress.IsLoopback(ip));
}
