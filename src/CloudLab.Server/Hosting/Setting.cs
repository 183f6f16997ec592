using System.Globalization;

namespace CloudLab.Server.Hosting;

/// <summary>One thing an operator can set: by a flag, an environment variable, or a line of <c>cloudlab.json</c>.</summary>
/// <param name="Name">The flag without its dashes, e.g. <c>data-dir</c>.</param>
/// <param name="ValueName">What stands for the value in the help, or null for a switch that is on or off.</param>
/// <param name="Description">The help's sentence, with the default.</param>
internal sealed record Setting(string Name, string? ValueName, string Description)
{
    public static readonly Setting DataDirectory = new(
        "data-dir", "DIR", "Where everything is kept. Default: $XDG_DATA_HOME/cloudlab or ~/.local/share/cloudlab");

    public static readonly Setting Urls = new(
        "urls", "URLS", "Addresses to listen on, separated by ';'. Default: " + ServerOptions.DefaultUrl);

    public static readonly Setting InsecureHttp = new(
        "insecure-http", null, "Allow plain HTTP on addresses that other machines can reach: tokens then cross the network in the clear");

    public static readonly Setting AllowedHosts = new(
        "allowed-hosts", "HOSTS", "Host names clients may use besides localhost, separated by ';'. Default on non-loopback addresses: any");

    public static readonly Setting Certificate = new(
        "certificate", "FILE", "The HTTPS certificate for https:// addresses: PFX without password, or PEM");

    public static readonly Setting CertificateKey = new(
        "certificate-key", "FILE", "The certificate's private key where a PEM certificate does not hold it");

    public static readonly Setting Database = new(
        "database", "DB", "'sqlite' (default; a file in the data directory) or a PostgreSQL connection string such as 'Host=db;Database=cloudlab;Username=cloudlab'");

    public static readonly Setting DatabasePasswordFile = new(
        "database-password-file", "FILE", "A file that holds the PostgreSQL password, e.g. a container secret");

    public static readonly Setting AdminTokenFile = new(
        "admin-token-file", "FILE", "An existing file that holds the administrator's token. Default: admin.token in the data directory, created when missing");

    public static readonly Setting MasterKeyFile = new(
        "master-key-file", "FILE", "An existing file that holds the key that secrets in the database are encrypted under, the same on all hosts of a database. Default: keys/master.key in the data directory, created when missing");

    public static readonly Setting S3Urls = new(
        "s3-urls", "URLS", "Addresses of the S3 service, separated by ';', or 'off'. Default: " + ServerOptions.DefaultS3Url);

    public static readonly Setting S3Domain = new(
        "s3-domain", "DOMAINS", "Domains below which a host name's first part is a bucket, separated by ';'. Default: none (path style only)");

    public static readonly Setting S3Region = new(
        "s3-region", "REGION", "The region that buckets are in and that signatures must name. Default: us-east-1");

    public static readonly Setting S3SigV2 = new(
        "s3-sigv2", "ON|OFF", "Whether signature version 2 is taken, with which boto3 presigns by default. Default: on");

    public static readonly Setting AptMirror = new(
        "apt-mirror", "URL", "The Debian mirror for the guest image. Default: the one in this machine's apt configuration");

    public static readonly Setting GuestImage = new(
        "guest-image", "DIR", "A built guest image to use instead of building one, as the container image has it");

    public static readonly IReadOnlyList<Setting> All =
    [
        DataDirectory, Urls, InsecureHttp, AllowedHosts, Certificate, CertificateKey, Database, DatabasePasswordFile, AdminTokenFile,
        MasterKeyFile, S3Urls, S3Domain, S3Region, S3SigV2, AptMirror, GuestImage,
    ];

    public bool IsSwitch => ValueName is null;

    /// <summary>E.g. <c>CLOUDLAB_DATA_DIR</c>.</summary>
    public string EnvironmentName => "CLOUDLAB_" + Name.Replace('-', '_').ToUpper(CultureInfo.InvariantCulture);

    /// <summary>The name in <c>cloudlab.json</c>, e.g. <c>dataDir</c>.</summary>
    public string FileName
    {
        get
        {
            string[] words = Name.Split('-');
            return words[0] + string.Concat(words.Skip(1).Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
        }
    }
}
