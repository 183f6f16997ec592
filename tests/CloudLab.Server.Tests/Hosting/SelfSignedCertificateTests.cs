using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using CloudLab.Server.Hosting;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Hosting;

public sealed class SelfSignedCertificateTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 0, 0, 0, TimeSpan.Zero);

    private readonly TemporaryDirectory _directory = new();

    private string PemFile => _directory["self-signed.pem"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void It_is_kept_while_it_is_valid_and_made_anew_before_it_expires()
    {
        string first = Make(Now);

        Assert.Equal(first, Make(Now.AddDays(300)));
        Assert.NotEqual(first, Make(Now.AddDays(340)));
    }

    [Fact]
    public void It_is_made_anew_for_a_name_that_it_lacks()
    {
        string first = Make(Now);

        string second = Make(Now, "cloud.example", "192.0.2.7");

        Assert.NotEqual(first, second);
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(PemFile);
        Assert.True(certificate.MatchesHostname("cloud.example"));
        Assert.True(certificate.MatchesHostname("192.0.2.7"));
        Assert.True(certificate.MatchesHostname("localhost"));
    }

    [Fact]
    public void A_damaged_file_is_replaced()
    {
        File.WriteAllText(PemFile, "-----BEGIN CERTIFICATE-----\nnonsense");

        Assert.Equal(Make(Now), Make(Now));
    }

    [Fact]
    public void Only_its_owner_can_read_the_key()
    {
        Make(Now);

        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(PemFile));
    }

    [Fact]
    public async Task A_server_with_it_answers_over_https_to_clients_that_trust_the_file()
    {
        await using TestServer server = await TestServer.StartAsync(kernel: null, options => options with
        {
            Addresses = [new ListenAddress("https://127.0.0.1:0", IsHttps: true, IsLoopback: true)],
            IsSelfSigned = true,
        });
        using X509Certificate2 trusted = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(server.DataDirectory, "self-signed.pem"));
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, shown, _, errors) =>
                shown!.Thumbprint == trusted.Thumbprint && errors == SslPolicyErrors.RemoteCertificateChainErrors,
        };
        using var client = new HttpClient(handler) { BaseAddress = server.Url };

        Assert.Contains("live", await client.GetStringAsync("/healthz", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private string Make(DateTimeOffset now, params string[] hosts)
    {
        using X509Certificate2 certificate = SelfSignedCertificate.LoadOrCreate(PemFile, hosts, now);
        Assert.True(certificate.HasPrivateKey);
        return certificate.Thumbprint;
    }
}
