using System.Reflection;
using System.Security.Cryptography.X509Certificates;
using CloudLab.ControlPlane;
using CloudLab.ControlPlane.Identity;
using CloudLab.Server.Cli;
using CloudLab.Server.S3;
using Spectre.Console;

namespace CloudLab.Server.Hosting;

/// <summary>A server from start to stop.</summary>
internal sealed class ServerRunner : IAsyncDisposable
{
    private readonly DataDirectory _directory;

    private ServerRunner(WebApplication app, DataDirectory directory, AdminToken token)
    {
        App = app;
        _directory = directory;
        Token = token;
    }

    public WebApplication App { get; }

    public AdminToken Token { get; }

    /// <summary>Starts a server; it answers when this returns. The guest image is built afterwards.</summary>
    /// <param name="options">What the operator chose.</param>
    /// <param name="console">Where progress and the first greeting go.</param>
    /// <param name="configure">Changes services; for tests.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    /// <exception cref="StartupException">The server cannot start; the message says what to do.</exception>
    public static async Task<ServerRunner> StartAsync(
        ServerOptions options, IAnsiConsole console, Action<IServiceCollection>? configure, CancellationToken cancellationToken)
    {
        DataDirectory directory = DataDirectory.Open(options.DataDirectory);
        WebApplication? app = null;
        try
        {
            AdminToken token = AdminToken.LoadOrCreate(options, directory);
            app = ServerApplication.Build(options, directory, console, configure);
            Account account = await app.Services.InitializeCloudLabAsync(cancellationToken);
            await app.Services.GetRequiredService<TokenService>().EnsureAdminAsync(account.Id, token.Secret, cancellationToken);
            await CheckMasterKeyAsync(app.Services, cancellationToken);
            await app.StartAsync(cancellationToken);
            directory.Announce(app.Urls.First());
            return new ServerRunner(app, directory, token);
        }
        catch (Exception e)
        {
            if (app is not null)
            {
                await app.StopAsync(CancellationToken.None);
                await app.DisposeAsync();
            }

            directory.Dispose();
            if (StartupException.Explain(e, options) is { } reason) throw new StartupException(reason, e);
            throw;
        }
    }

    /// <summary>Starts a server, greets, and stays until it is told to stop.</summary>
    public static async Task RunAsync(ServerOptions options, IAnsiConsole console, CancellationToken cancellationToken)
    {
        await using ServerRunner server = await StartAsync(options, console, configure: null, cancellationToken);
        server.Greet(console);
        await server.App.WaitForShutdownAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        _directory.Dispose();
    }

    /// <summary>Finds a wrong key now, not when the first signed request fails.</summary>
    private static async Task CheckMasterKeyAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        if (await services.GetRequiredService<AccessKeyService>().HasRightMasterKeyAsync(cancellationToken)) return;
        throw new StartupException("The access keys in the database were encrypted under another master key. "
            + "Bring keys/master.key of the data directory that made them, or name it with --master-key-file FILE.");
    }

    private void Greet(IAnsiConsole console)
    {
        string url = App.Urls.First();
        string version = typeof(ServerRunner).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        console.WritePlain($"CloudLab {version.Split('+')[0]} listens on {string.Join(", ", App.Urls)}");
        console.WritePlain($"  documentation  {url}/swagger");
        if (App.Services.GetService<S3Listener>() is { } s3) console.WritePlain($"  S3             {string.Join(", ", s3.Urls)}");
        console.WritePlain($"  data           {_directory.Path}");
        if (App.Services.GetRequiredService<ServerOptions>().IsSelfSigned)
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(_directory.SelfSignedCertificateFile);
            console.WritePlain($"  certificate    in {_directory.SelfSignedCertificateFile}, SHA-256 {ServerCertificate.Fingerprint(certificate)}");
        }

        console.WritePlain($"  token          in {Token.File}");
        // Not where it would be kept in a log.
        if (Token.IsNew && console.Profile.Out.IsTerminal) console.WritePlain($"  shown once     {Token.Secret}");
    }
}
