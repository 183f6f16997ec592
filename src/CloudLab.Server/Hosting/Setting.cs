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

    public static readonly Setting ConnectionsPerAddress = new(
        "connections-per-address", "COUNT", "How many connections one client address may hold, on the API and on S3 each. Behind a proxy, all clients have its address. Default: 500 and 2000, half of what there are");

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

    public static readonly Setting EventRetention = new(
        "event-retention", "DAYS", "For how many days events are kept. Default: 90");

    public static readonly Setting WebhookAllowPrivate = new(
        "webhook-allow-private", null, "Let webhooks go to loopback and private addresses, by plain HTTP too: they reach what only this machine can");

    public static readonly Setting SelfSigned = new(
        "self-signed", null, "Make an HTTPS certificate for https:// addresses; its fingerprint is shown at start");

    public static readonly Setting LogLevel = new(
        "log-level", "LEVEL", "The least level that is logged: trace, debug, information (default), warning, error");

    public static readonly Setting LogFormat = new(
        "log-format", "FORMAT", "'text' (default) or 'json', an object a line");

    public static readonly Setting OtlpEndpoint = new(
        "otlp-endpoint", "URL", "Where to send traces and metrics as OTLP over gRPC, e.g. http://127.0.0.1:4317. Default: nowhere");

    public static readonly Setting HostName = new(
        "host-name", "NAME", "This server's name among those that share the database. Default: the machine's name");

    public static readonly Setting Workers = new(
        "workers", "COUNT", "Host threads that run vCPUs. Default: one for each core");

    public static readonly Setting MemoryBudget = new(
        "memory-budget", "MIB", "Host memory for guests in MiB. Default: three quarters of what the server may use");

    public static readonly Setting MemoryOvercommit = new(
        "memory-overcommit", "RATIO", "How much guest memory to promise for each byte of --memory-budget, up to 16. Above 1, a guest that needs memory when all is used pauses until there is some. Default: 1");

    public static readonly Setting VcpuOvercommit = new(
        "vcpu-overcommit", "RATIO", "How many vCPUs to promise for each of --workers, up to 1024. Default: 16");

    public static readonly IReadOnlyList<Setting> All =
    [
        DataDirectory, Urls, InsecureHttp, AllowedHosts, ConnectionsPerAddress, Certificate, CertificateKey, Database, DatabasePasswordFile, AdminTokenFile,
        EventRetention, WebhookAllowPrivate, AptMirror, GuestImage, SelfSigned, LogLevel, LogFormat, OtlpEndpoint, HostName, Workers, MemoryBudget, MemoryOvercommit, VcpuOvercommit,
        MasterKeyFile, S3Urls, S3Domain, S3Region, S3SigV2,
    ];

    public bool IsSwitch => ValueName is null;

    public bool IsNumber => ValueName is "COUNT" or "MIB" or "RATIO";

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
