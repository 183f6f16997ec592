using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CloudLab.Storage.Files;

namespace CloudLab.Server.Hosting;

/// <summary>A certificate of the server's own making, kept in the data directory so that clients can pin it.</summary>
/// <remarks>
/// Good for this machine's names, the loopback addresses and the allowed hosts. Made anew when it is about to expire or
/// lacks a name; a year long, because clients refuse longer ones.
/// </remarks>
internal static class SelfSignedCertificate
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    // A server that is restarted once a month never shows an expired one.
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <summary>The certificate with its key.</summary>
    /// <param name="file">A PEM file for both, readable by its owner only.</param>
    /// <param name="hosts">The names and addresses that it must be good for, besides the loopback ones and the machine's.</param>
    /// <param name="now">The time by which it must be valid.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static X509Certificate2 LoadOrCreate(string file, IEnumerable<string> hosts, DateTimeOffset now)
    {
        string[] names = [.. new[] { "localhost", Environment.MachineName, "127.0.0.1", "::1" }.Concat(hosts).Distinct(StringComparer.OrdinalIgnoreCase)];
        if (TryLoad(file) is { } kept)
        {
            if (kept.NotBefore <= now && kept.NotAfter - now > RenewBefore && names.All(name => kept.MatchesHostname(name))) return kept;
            kept.Dispose();
        }

        using X509Certificate2 made = Create(names, now);
        string pem = made.ExportCertificatePem() + "\n" + made.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() + "\n";
        SecretFile.Replace(file, Encoding.ASCII.GetBytes(pem));
        return X509Certificate2.CreateFromPemFile(file);
    }

    private static X509Certificate2? TryLoad(string file)
    {
        try
        {
            return File.Exists(file) ? X509Certificate2.CreateFromPemFile(file) : null;
        }
        catch (CryptographicException)
        {
            // It was cut or edited: clients have to trust another one anyway.
            return null;
        }
    }

    private static X509Certificate2 Create(string[] names, DateTimeOffset now)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=CloudLab", key, HashAlgorithmName.SHA256);
        var subjects = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name.Trim('[', ']'), out IPAddress? address)) subjects.AddIpAddress(address);
            else subjects.AddDnsName(name);
        }

        request.CertificateExtensions.Add(subjects.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false)); // serverAuth
        // Clocks of clients may be a little behind.
        return request.CreateSelfSigned(now.AddHours(-1), now + Lifetime);
    }
}
