using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using CloudLab.Server.S3;
using Npgsql;

namespace CloudLab.Server.Hosting;

/// <summary>Makes <see cref="ServerOptions"/> of flags, environment and file, in this order of precedence.</summary>
/// <remarks>Every message says what to do, because it is all that an operator sees when the server does not start.</remarks>
internal sealed class ServerOptionsLoader
{
    private const int MaxEventDays = 3650;
    private const int MaxConnectionsPerAddress = 4000;

    private readonly IReadOnlyDictionary<string, string> _flags;
    private readonly Func<string, string?> _environment;
    private readonly List<string> _errors = [];
    private IReadOnlyDictionary<string, string> _file = new Dictionary<string, string>();

    private ServerOptionsLoader(IReadOnlyDictionary<string, string> flags, Func<string, string?> environment)
    {
        _flags = flags;
        _environment = environment;
    }

    /// <param name="flags">Values by setting name.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="options">The options, when all are right.</param>
    /// <param name="errors">What is wrong, one sentence each, when some are not.</param>
    public static bool TryLoad(
        IReadOnlyDictionary<string, string> flags,
        Func<string, string?> environment,
        [NotNullWhen(true)] out ServerOptions? options,
        out IReadOnlyList<string> errors)
    {
        var loader = new ServerOptionsLoader(flags, environment);
        ServerOptions candidate = loader.Load();
        errors = loader._errors;
        options = errors.Count == 0 ? candidate : null;
        return options is not null;
    }

    private ServerOptions Load()
    {
        string directory = Path.GetFullPath(Find(Setting.DataDirectory) ?? DefaultDataDirectory());
        _file = SettingsFile.Read(Path.Combine(directory, SettingsFile.Name), _errors);
        string? certificate = ExistingFile(Setting.Certificate);
        bool selfSigned = IsOn(Setting.SelfSigned);
        if (selfSigned && certificate is not null)
            _errors.Add("--self-signed and --certificate name two certificates. Leave one of them out.");
        bool hasCertificate = selfSigned || certificate is not null;
        bool insecure = IsOn(Setting.InsecureHttp);
        return new ServerOptions
        {
            DataDirectory = directory,
            Addresses = Addresses(Setting.Urls, ServerOptions.DefaultUrl, hasCertificate, insecure),
            S3Addresses = Find(Setting.S3Urls) is "off" ? [] : Addresses(Setting.S3Urls, ServerOptions.DefaultS3Url, hasCertificate, insecure),
            S3 = S3(),
            AllowedHosts = Hosts(),
            ConnectionsPerAddress = ConnectionsPerAddress(),
            CertificateFile = certificate,
            CertificateKeyFile = ExistingFile(Setting.CertificateKey),
            IsSelfSigned = selfSigned,
            PostgresConnectionString = Postgres(),
            AdminTokenFile = ExistingFile(Setting.AdminTokenFile),
            MasterKeyFile = ExistingFile(Setting.MasterKeyFile),
            AptMirror = AptMirror(),
            GuestImageDirectory = GuestImage(),
            EventRetention = EventRetention(),
            AllowsPrivateWebhooks = IsOn(Setting.WebhookAllowPrivate),
            LogLevel = LogLevel(),
            LogFormat = LogFormat(),
            OtlpEndpoint = OtlpEndpoint(),
            ControlPlane = new HostSettings(Find, _errors).Read(),
        };
    }

    private string? Find(Setting setting)
    {
        if (_flags.TryGetValue(setting.Name, out string? value)) return value;
        if (_environment(setting.EnvironmentName) is { Length: > 0 } variable) return variable;
        return _file.GetValueOrDefault(setting.FileName);
    }

    private bool IsOn(Setting setting)
    {
        string? value = Find(setting);
        if (value is null) return false;
        if (value == "1" || value.Equals("true", StringComparison.OrdinalIgnoreCase)) return true;
        if (value != "0" && !value.Equals("false", StringComparison.OrdinalIgnoreCase))
            _errors.Add($"--{setting.Name} is on or off: '{value}' is neither true nor false.");
        return false;
    }

    private string DefaultDataDirectory()
    {
        string? data = _environment("XDG_DATA_HOME");
        if (!Path.IsPathFullyQualified(data ?? ""))
        {
            string? home = _environment("HOME");
            if (string.IsNullOrEmpty(home))
                _errors.Add("There is no home directory to keep data in. Say where with --data-dir DIR.");
            data = Path.Combine(home ?? "/", ".local", "share");
        }

        return Path.Combine(data!, "cloudlab");
    }

    private string[] Hosts()
    {
        string[] hosts = Split(Find(Setting.AllowedHosts));
        foreach (string host in hosts)
            if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
                _errors.Add($"--allowed-hosts '{host}' is not a host name. Names are separated by ';' and have no port, e.g. cloud.example.com;10.0.0.5");
        return hosts;
    }

    private S3Options S3()
    {
        string sigV2 = Find(Setting.S3SigV2) ?? "on";
        bool isOff = sigV2.Equals("off", StringComparison.OrdinalIgnoreCase);
        if (!isOff && !sigV2.Equals("on", StringComparison.OrdinalIgnoreCase)) _errors.Add($"--s3-sigv2 is on or off, not '{sigV2}'.");
        string region = Find(Setting.S3Region) ?? S3Options.DefaultRegion;
        if (!region.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            _errors.Add($"--s3-region '{region}' is not a region: it has lower-case letters, digits and hyphens, e.g. us-east-1.");
        string[] domains = Split(Find(Setting.S3Domain));
        foreach (string domain in domains)
            if (Uri.CheckHostName(domain) != UriHostNameType.Dns)
                _errors.Add($"--s3-domain '{domain}' is not a domain. An example: s3.example.com");
        return new S3Options { Region = region, Domains = domains, AllowSigV2 = !isOff };
    }

    private List<ListenAddress> Addresses(Setting setting, string fallback, bool hasCertificate, bool insecure)
    {
        var addresses = new List<ListenAddress>();
        foreach (string url in Split(Find(setting) ?? fallback))
        {
            if (!ListenAddress.TryParse(url, out ListenAddress? address))
                _errors.Add($"'{url}' is not an address to listen on. Write --{setting.Name} as http://HOST:PORT or https://HOST:PORT.");
            else if (address.IsHttps && !hasCertificate)
                _errors.Add($"{url} needs a certificate. Name one with --certificate FILE, have one made with --self-signed, or listen on http://127.0.0.1:PORT.");
            else if (!address.IsHttps && !address.IsLoopback && !insecure)
                _errors.Add($"{url} can be reached from other machines, and plain HTTP would show them your tokens. "
                    + "Use https:// with --certificate FILE or --self-signed, stay on http://127.0.0.1:PORT behind a TLS proxy, "
                    + "or accept the risk with --insecure-http.");
            else
                addresses.Add(address);
        }

        if (addresses.Count == 0 && _errors.Count == 0) _errors.Add($"--{setting.Name} names no address to listen on.");
        return addresses;
    }

    private string? Postgres()
    {
        string? database = Find(Setting.Database);
        string? passwordFile = ExistingFile(Setting.DatabasePasswordFile);
        if (database is null || database.Equals("sqlite", StringComparison.OrdinalIgnoreCase)) return null;
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(database);
            if (string.IsNullOrEmpty(builder.Host)) throw new ArgumentException("it names no Host");
            if (passwordFile is not null) builder.Password = ReadSecret(passwordFile);
            return builder.ConnectionString;
        }
        catch (ArgumentException e)
        {
            _errors.Add($"--database is neither 'sqlite' nor a PostgreSQL connection string ({e.Message}). "
                + "An example: 'Host=localhost;Database=cloudlab;Username=cloudlab'.");
            return null;
        }
    }

    private string ReadSecret(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _errors.Add($"'{file}' cannot be read: {e.Message}");
            return "";
        }
    }

    private string? ExistingFile(Setting setting)
    {
        string? file = Find(setting);
        if (file is null || File.Exists(file)) return file;
        _errors.Add($"--{setting.Name} names '{file}', which is not there or not readable.");
        return null;
    }

    private string? AptMirror()
    {
        string? text = Find(Setting.AptMirror);
        if (text is not null && !Uri.TryCreate(text, UriKind.Absolute, out _))
            _errors.Add($"--apt-mirror '{text}' is not a URL. An example: https://mirror.example/debian");
        return text;
    }

    private string? GuestImage()
    {
        string? image = Find(Setting.GuestImage);
        if (image is not null && !Directory.Exists(image))
            _errors.Add($"--guest-image names '{image}', which is no directory. 'images build' makes one: DATA-DIR/image.");
        return image;
    }

    private TimeSpan EventRetention()
    {
        string? text = Find(Setting.EventRetention);
        if (text is null) return new ServerOptions { DataDirectory = "" }.EventRetention;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int days) && days is >= 1 and <= MaxEventDays)
            return TimeSpan.FromDays(days);
        _errors.Add($"--event-retention '{text}' is not a number of days from 1 to {MaxEventDays}.");
        return default;
    }

    private int? ConnectionsPerAddress()
    {
        string? text = Find(Setting.ConnectionsPerAddress);
        if (text is null) return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count is >= 1 and <= MaxConnectionsPerAddress)
            return count;
        _errors.Add($"--connections-per-address '{text}' is not a number from 1 to {MaxConnectionsPerAddress}.");
        return null;
    }

    private LogLevel LogLevel()
    {
        string? text = Find(Setting.LogLevel);
        if (text is null) return new ServerOptions { DataDirectory = "" }.LogLevel;
        if (Enum.TryParse(text, ignoreCase: true, out LogLevel level) && Enum.IsDefined(level) && !char.IsAsciiDigit(text[0])) return level;
        _errors.Add($"--log-level '{text}' is no level. Write trace, debug, information, warning, error, critical or none.");
        return default;
    }

    private LogFormat LogFormat()
    {
        switch (Find(Setting.LogFormat)?.ToLowerInvariant())
        {
            case null or "text":
                return Hosting.LogFormat.Text;
            case "json":
                return Hosting.LogFormat.Json;
            case var other:
                _errors.Add($"--log-format is 'text' or 'json', not '{other}'.");
                return default;
        }
    }

    private Uri? OtlpEndpoint()
    {
        string? text = Find(Setting.OtlpEndpoint);
        if (text is null) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? endpoint) && endpoint.Scheme is "http" or "https") return endpoint;
        _errors.Add($"--otlp-endpoint '{text}' is not a URL. An example: http://127.0.0.1:4317");
        return null;
    }

    private static string[] Split(string? list) =>
        list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
