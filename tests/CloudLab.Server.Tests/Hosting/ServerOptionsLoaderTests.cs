using CloudLab.ControlPlane;
using CloudLab.Server.Hosting;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Hosting;

public sealed class ServerOptionsLoaderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Dictionary<string, string> _flags = [];
    private readonly Dictionary<string, string> _environment = [];

    public ServerOptionsLoaderTests() => _flags["data-dir"] = _directory.Path;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Without_any_setting_data_is_kept_in_the_users_home_and_only_loopback_listens()
    {
        _flags.Clear();
        _environment["HOME"] = "/home/someone";

        ServerOptions options = Load();

        Assert.Equal("/home/someone/.local/share/cloudlab", options.DataDirectory);
        Assert.Equal("http://127.0.0.1:8080", Assert.Single(options.Addresses).Url);
        Assert.Null(options.PostgresConnectionString);
    }

    [Fact]
    public void The_users_data_directory_follows_the_xdg_variable()
    {
        _flags.Clear();
        _environment["HOME"] = "/home/someone";
        _environment["XDG_DATA_HOME"] = "/data/someone";

        Assert.Equal("/data/someone/cloudlab", Load().DataDirectory);
    }

    [Fact]
    public void Flags_win_over_the_environment_and_the_environment_over_the_file()
    {
        WriteFile("""{ "urls": "http://127.0.0.1:1", "aptMirror": "http://file/debian", /* why */ "insecureHttp": true, }""");
        _environment["CLOUDLAB_URLS"] = "http://127.0.0.1:2";
        _environment["CLOUDLAB_APT_MIRROR"] = "http://environment/debian";
        _flags["urls"] = "http://127.0.0.1:3";

        ServerOptions options = Load();

        Assert.Equal("http://127.0.0.1:3", Assert.Single(options.Addresses).Url);
        Assert.Equal("http://environment/debian", options.AptMirror);
    }

    [Theory]
    [InlineData("http://0.0.0.0:8080")]
    [InlineData("http://*:8080")]
    [InlineData("http://[::]:8080")]
    [InlineData("http://192.0.2.1:8080")]
    [InlineData("http://cloudlab.example:8080")]
    [InlineData("http://127.0.0.1.example:8080")]
    [InlineData("http://127.0.0.1:8080;http://0.0.0.0:8081")]
    public void Plain_http_that_other_machines_reach_is_refused_unless_it_is_asked_for(string urls)
    {
        _flags["urls"] = urls;

        Assert.Contains("--insecure-http", Assert.Single(Errors()), StringComparison.Ordinal);

        _flags["insecure-http"] = "true";
        Assert.NotEmpty(Load().Addresses);
    }

    [Theory]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("http://localhost:8080")]
    [InlineData("http://[::1]:8080")]
    [InlineData("http://127.1.2.3:8080")]
    public void Loopback_needs_no_consent(string url)
    {
        _flags["urls"] = url;

        Assert.True(Assert.Single(Load().Addresses).IsLoopback);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1:8080")]
    [InlineData("127.0.0.1:8080")]
    [InlineData("http://127.0.0.1:8080/base")]
    [InlineData("http://127.0.0.1:99999")]
    [InlineData("http://unix:/tmp/socket")]
    [InlineData(";")]
    public void What_is_no_address_is_refused(string urls)
    {
        _flags["urls"] = urls;

        Assert.Contains("--urls", Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Fact]
    public void Https_needs_a_certificate()
    {
        _flags["urls"] = "https://0.0.0.0:8443";

        Assert.Contains("--certificate", Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_self_made_certificate_will_do_for_https_but_not_beside_a_given_one()
    {
        _flags["urls"] = "https://0.0.0.0:8443";
        _flags["self-signed"] = "true";
        Assert.True(Load().IsSelfSigned);

        File.WriteAllText(_directory["cert.pem"], "");
        _flags["certificate"] = _directory["cert.pem"];
        Assert.Contains("--self-signed", Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("log-level", "loud")]
    [InlineData("log-level", "2")]
    [InlineData("log-format", "xml")]
    [InlineData("otlp-endpoint", "collector:4317")]
    [InlineData("connections-per-address", "0")]
    [InlineData("connections-per-address", "many")]
    public void A_wrong_value_for_logs_or_telemetry_is_refused_by_name(string setting, string value)
    {
        _flags[setting] = value;

        Assert.Contains("--" + setting, Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Fact]
    public void Logs_and_telemetry_can_be_set()
    {
        _flags["log-level"] = "debug";
        _flags["log-format"] = "json";
        _flags["otlp-endpoint"] = "http://127.0.0.1:4317";

        ServerOptions options = Load();

        Assert.Equal(Microsoft.Extensions.Logging.LogLevel.Debug, options.LogLevel);
        Assert.Equal(LogFormat.Json, options.LogFormat);
        Assert.Equal(new Uri("http://127.0.0.1:4317"), options.OtlpEndpoint);
    }

    [Fact]
    public void The_database_password_can_come_from_a_file()
    {
        File.WriteAllText(_directory["password"], "s3;cret\n");
        _flags["database"] = "Host=db;Database=cloudlab;Username=someone";
        _environment["CLOUDLAB_DATABASE_PASSWORD_FILE"] = _directory["password"];

        var connection = new Npgsql.NpgsqlConnectionStringBuilder(Load().PostgresConnectionString);

        Assert.Equal("s3;cret", connection.Password);
        Assert.Equal("db", connection.Host);
    }

    [Theory]
    [InlineData("mysql")]
    [InlineData("Database=cloudlab")]
    [InlineData("Host=db;Colour=blue")]
    public void What_is_no_database_is_refused(string database)
    {
        _flags["database"] = database;

        Assert.Contains("--database", Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "url": "http://127.0.0.1:1" }""", "'url'")]
    [InlineData("""{ "dataDir": "/elsewhere" }""", "'dataDir'")]
    [InlineData("""{ "urls": 1 }""", "'urls'")]
    [InlineData("""{ "workers": [1] }""", "'workers' must be a number")]
    [InlineData("[]", "JSON object")]
    [InlineData("{", "cannot be read")]
    public void A_wrong_file_is_refused_by_the_name_of_what_is_wrong(string content, string named)
    {
        WriteFile(content);

        Assert.Contains(named, Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_has_the_name_the_workers_the_memory_and_the_ratios_that_it_is_given()
    {
        _flags["host-name"] = "rack-7";
        _environment["CLOUDLAB_WORKERS"] = "1";
        _environment["CLOUDLAB_MEMORY_BUDGET"] = "256";
        WriteFile("""{ "memoryOvercommit": 1.5, "vcpuOvercommit": "4" }""");

        ControlPlaneOptions host = Load().ControlPlane;

        Assert.Equal(("rack-7", 1, 256UL << 20), (host.HostName, host.Hypervisor.Workers, host.Hypervisor.MemoryBudget));
        Assert.Equal((1.5, 4.0), (host.Hypervisor.MemoryOvercommit, host.VcpuOvercommit));
        host.Validate();
    }

    [Fact]
    public void Without_settings_a_host_promises_the_memory_it_has_and_sixteen_vcpus_a_core()
    {
        ControlPlaneOptions host = Load().ControlPlane;

        Assert.Equal(Environment.MachineName, host.HostName);
        Assert.Equal((Environment.ProcessorCount, 1.0, 16.0), (host.Hypervisor.Workers, host.Hypervisor.MemoryOvercommit, host.VcpuOvercommit));
    }

    [Theory]
    [InlineData("host-name", "two words", "without spaces")]
    [InlineData("host-name", "", "1 to 253")]
    [InlineData("workers", "0", "one each")]
    [InlineData("workers", "1000000", "one each")]
    [InlineData("memory-budget", "64", "from 128 to")]
    [InlineData("memory-budget", "64G", "from 128 to")]
    [InlineData("memory-budget", "17592186044416", "--memory-overcommit")]
    [InlineData("memory-overcommit", "0", "up to 16")]
    [InlineData("memory-overcommit", "NaN", "up to 16")]
    [InlineData("memory-overcommit", "17", "up to 16")]
    [InlineData("vcpu-overcommit", "-1", "up to 1024")]
    [InlineData("vcpu-overcommit", "1e3", "up to 1024")]
    public void A_wrong_value_for_the_host_is_refused_with_what_would_be_right(string setting, string value, string said)
    {
        _flags[setting] = value;

        string error = Assert.Single(Errors());

        Assert.Contains($"--{setting} '{value}'", error, StringComparison.Ordinal);
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_fault_is_named_at_once()
    {
        _flags["urls"] = "nonsense";
        _flags["apt-mirror"] = "nonsense";
        _flags["admin-token-file"] = _directory["missing"];
        _flags["insecure-http"] = "perhaps";

        Assert.Equal(4, Errors().Count);
    }

    [Fact]
    public void S3_listens_on_loopback_unless_it_is_off_or_elsewhere()
    {
        Assert.Equal("http://127.0.0.1:9000", Assert.Single(Load().S3Addresses).Url);
        _flags["s3-urls"] = "off";
        Assert.Empty(Load().S3Addresses);
        _flags["s3-urls"] = "http://127.0.0.1:1;http://[::1]:2";
        _flags["s3-domain"] = "s3.example.com;s3.example.org";
        _flags["s3-region"] = "here-1";
        _flags["s3-sigv2"] = "off";
        ServerOptions options = Load();
        Assert.Equal(2, options.S3Addresses.Count);
        Assert.Equal(["s3.example.com", "s3.example.org"], options.S3.Domains);
        Assert.Equal(("here-1", false), (options.S3.Region, options.S3.AllowSigV2));
    }

    [Theory]
    [InlineData("s3-urls", "http://0.0.0.0:9000")]
    [InlineData("s3-urls", "https://127.0.0.1:9000")]
    [InlineData("s3-domain", "not a domain")]
    [InlineData("s3-region", "Here")]
    [InlineData("s3-sigv2", "perhaps")]
    [InlineData("allowed-hosts", "localhost,server")]
    [InlineData("allowed-hosts", "http://server")]
    public void A_setting_that_makes_no_sense_is_refused(string name, string value)
    {
        _flags[name] = value;
        Assert.Single(Errors());
    }

    private void WriteFile(string content) => File.WriteAllText(_directory["cloudlab.json"], content);

    private ServerOptions Load()
    {
        bool loaded = ServerOptionsLoader.TryLoad(
            _flags, _environment.GetValueOrDefault, out ServerOptions? options, out IReadOnlyList<string> errors);
        Assert.True(loaded, string.Join('\n', errors));
        return options!;
    }

    private IReadOnlyList<string> Errors()
    {
        Assert.False(ServerOptionsLoader.TryLoad(_flags, _environment.GetValueOrDefault, out _, out IReadOnlyList<string> errors));
        return errors;
    }
}
