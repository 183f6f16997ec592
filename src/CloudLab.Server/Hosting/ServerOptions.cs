using CloudLab.ControlPlane;
using CloudLab.Server.S3;

namespace CloudLab.Server.Hosting;

/// <summary>What an operator chose, checked: see <see cref="ServerOptionsLoader"/>.</summary>
internal sealed record ServerOptions
{
    /// <summary>Loopback, so that a first start exposes nothing; 8080 needs no privilege.</summary>
    public const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>Loopback as well; 9000 is where S3 servers of its kind listen.</summary>
    public const string DefaultS3Url = "http://127.0.0.1:9000";

    /// <summary>The absolute path under which everything is kept.</summary>
    public required string DataDirectory { get; init; }

    public IReadOnlyList<ListenAddress> Addresses { get; init; } = [new(DefaultUrl, IsHttps: false, IsLoopback: true)];

    /// <summary>Where the S3 service listens; nowhere when empty.</summary>
    public IReadOnlyList<ListenAddress> S3Addresses { get; init; } = [];

    public S3Options S3 { get; init; } = new();

    /// <summary>Host names that clients may use besides the loopback ones; empty for any when an address is not loopback.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>How many connections one address may hold on a listener; null for half of what the listener takes.</summary>
    public int? ConnectionsPerAddress { get; init; }

    public string? CertificateFile { get; init; }

    public string? CertificateKeyFile { get; init; }

    /// <summary>Whether https:// addresses without a certificate get one of the server's own making.</summary>
    public bool IsSelfSigned { get; init; }

    /// <summary>The PostgreSQL connection string, with its password; null for SQLite in the data directory.</summary>
    public string? PostgresConnectionString { get; init; }

    /// <summary>The file with the administrator's token where the operator brings one; null for <c>admin.token</c>.</summary>
    public string? AdminTokenFile { get; init; }

    /// <summary>The file with the master key where the operator brings one; null for <c>keys/master.key</c>.</summary>
    public string? MasterKeyFile { get; init; }

    /// <summary>The Debian mirror, or null for the machine's own.</summary>
    public string? AptMirror { get; init; }

    /// <summary>A directory with a built guest image, or null for the data directory's own.</summary>
    public string? GuestImageDirectory { get; init; }

    /// <summary>For how long events are kept: see <see cref="CloudLab.ControlPlane.ControlPlaneOptions.EventRetention"/>.</summary>
    public TimeSpan EventRetention { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Whether webhooks may go to loopback and private addresses.</summary>
    public bool AllowsPrivateWebhooks { get; init; }

    /// <summary>The least level of our own log lines; the framework's are logged from Warning on.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    public LogFormat LogFormat { get; init; }

    /// <summary>Where traces and metrics go; null for nowhere. Metrics can be fetched at <c>/metrics</c> in any case.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>This host's name and what its machines may use; the origin of each default stands where it is declared.</summary>
    public ControlPlaneOptions ControlPlane { get; init; } = new();

    /// <summary>
    /// How long a shutdown may take before it is cut off: what is desired is committed, so being killed loses nothing.
    /// Container engines kill after 10 s by default.
    /// </summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(8);
}
