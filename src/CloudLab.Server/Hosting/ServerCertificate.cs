using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CloudLab.Server.Hosting;

internal static class ServerCertificate
{
    /// <summary>The SHA-256 fingerprint, as clients and browsers show it.</summary>
    public static string Fingerprint(X509Certificate2 certificate) =>
        string.Join(':', certificate.GetCertHash(HashAlgorithmName.SHA256).Select(b => b.ToString("X2", CultureInfo.InvariantCulture)));

    /// <summary>The certificate for https:// addresses, or null where there are none.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The operator's file is not a certificate with its key.</exception>
    public static X509Certificate2? Load(ServerOptions options, DataDirectory directory)
    {
        if (!options.Addresses.Concat(options.S3Addresses).Any(address => address.IsHttps)) return null;
        if (options.CertificateFile is not { } file)
            return SelfSignedCertificate.LoadOrCreate(directory.SelfSignedCertificateFile, options.AllowedHosts, TimeProvider.System.GetUtcNow());
        return Path.GetExtension(file) is ".pfx" or ".p12"
            ? X509CertificateLoader.LoadPkcs12FromFile(file, password: null)
            : X509Certificate2.CreateFromPemFile(file, options.CertificateKeyFile ?? file);
    }
}
