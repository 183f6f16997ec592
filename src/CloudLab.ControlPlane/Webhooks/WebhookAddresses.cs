using System.Net;
using System.Net.Sockets;

namespace CloudLab.ControlPlane.Webhooks;

/// <summary>Which addresses a webhook may reach: the public internet, so that nobody looks around inside by the server's hands.</summary>
internal static class WebhookAddresses
{
    // IANA IPv4 and IPv6 special-purpose address registries.
    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"),
        IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("fc00::/7"),
    ];

    // Link-local ones are where clouds keep their metadata; the others are no single host.
    private static readonly IPNetwork[] Never =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("198.18.0.0/15"),
        IPNetwork.Parse("224.0.0.0/3"), IPNetwork.Parse("::/128"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("ff00::/8"),
        IPNetwork.Parse("fec0::/10"),
        // Ways to write an IPv4 address in IPv6, whose meaning depends on routers.
        IPNetwork.Parse("64:ff9b::/96"), IPNetwork.Parse("64:ff9b:1::/48"), IPNetwork.Parse("2002::/16"), IPNetwork.Parse("2001::/32"),
    ];

    /// <param name="address">An address that is about to be connected to.</param>
    /// <param name="isPlain">Whether by plain HTTP, which is for private networks only.</param>
    /// <param name="allowsPrivate">Whether the operator lets webhooks into private networks.</param>
    public static bool MayReach(IPAddress address, bool isPlain, bool allowsPrivate)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)) return false;
        if (Contains(Never, address)) return false;
        bool isPrivate = Contains(Private, address);
        return isPrivate ? allowsPrivate : !isPlain;
    }

    private static bool Contains(IPNetwork[] networks, IPAddress address) =>
        Array.Exists(networks, network => network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address));
}
