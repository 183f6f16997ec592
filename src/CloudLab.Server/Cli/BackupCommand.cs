using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Persistence.Portable;
using CloudLab.Server.Api.Backups;
using CloudLab.Server.Backup;
using CloudLab.Server.Hosting;
using CloudLab.Storage.Blobs;
using Spectre.Console;

namespace CloudLab.Server.Cli;

/// <summary>Writes a backup, of a server that runs or of a data directory that nobody uses.</summary>
internal static class BackupCommand
{
    public static Command Create(Func<string, string?> environment, IAnsiConsole console)
    {
        var file = new Argument<string>("FILE") { Description = "The archive to write; one that is there is replaced by a whole one only" };
        var command = new Command("backup", "Backs everything up into one file, while the server runs or not") { file };
        var settings = new SettingOptions(
            command, Setting.DataDirectory, Setting.Database, Setting.DatabasePasswordFile, Setting.AdminTokenFile);
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(settings.Load(parsed, environment), Path.GetFullPath(parsed.GetRequiredValue(file)), console, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ServerOptions options, string file, IAnsiConsole console, CancellationToken cancellationToken)
    {
        string draft = file + ".new";
        try
        {
            var access = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) access.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var target = new FileStream(draft, access))
            {
                await WriteAsync(options, target, cancellationToken);
                target.Flush(flushToDisk: true);
            }

            BackupManifest manifest = await BackupReader.VerifyAsync(draft, cancellationToken);
            File.Move(draft, file, overwrite: true);
            console.WritePlain(string.Create(
                CultureInfo.InvariantCulture,
                $"{file} is written and checked: {new FileInfo(file).Length / (double)(1 << 20):F1} MiB, CloudLab {manifest.Version}. It holds secrets: guard it."));
            return ExitCode.Ok;
        }
        catch (InvalidDataException e)
        {
            throw new StartupException($"The backup came out broken and was dropped: {e.Message}.", e);
        }
        catch (Exception e) when (StartupException.Explain(e, options) is { } reason)
        {
            throw new StartupException(reason, e);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private static async Task WriteAsync(ServerOptions options, Stream target, CancellationToken cancellationToken)
    {
        using DataDirectory? free = DataDirectory.TryOpen(options.DataDirectory);
        if (free is null)
        {
            await AskServerAsync(options, target, cancellationToken);
            return;
        }

        await using ServiceProvider services = new ServiceCollection()
            .AddCloudLabPersistence(ServerApplication.Database(options, free.Path))
            .BuildServiceProvider();
        using FileBlobStore blobs = FileBlobStore.Open(free.BlobDirectory, TimeProvider.System);
        var writer = new BackupWriter(services.GetRequiredService<DatabaseExport>(), blobs, free, TimeProvider.System);
        await writer.WriteAsync(target, cancellationToken);
    }

    private static async Task AskServerAsync(ServerOptions options, Stream target, CancellationToken cancellationToken)
    {
        Uri url = DataDirectory.AddressOf(options.DataDirectory)
            ?? throw new StartupException($"{options.DataDirectory} is in use, but not by a server that has started. Try again in a moment.");
        string tokenFile = options.AdminTokenFile ?? Path.Combine(options.DataDirectory, "admin.token");
        using HttpClientHandler handler = Trusting(options);
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(tokenFile, cancellationToken)).Trim());
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url, BackupEndpoints.Path));
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw new StartupException($"The server at {url} refuses the backup: {await response.Content.ReadAsStringAsync(cancellationToken)}");
            await response.Content.CopyToAsync(target, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new StartupException($"The server at {url} could not make the backup: {e.Message}", e);
        }
    }

    // The server is this directory's own: the certificate that lies there is the one to expect.
    private static HttpClientHandler Trusting(ServerOptions options)
    {
        string file = Path.Combine(options.DataDirectory, "self-signed.pem");
        var handler = new HttpClientHandler();
        if (!File.Exists(file)) return handler;
        using X509Certificate2 own = X509CertificateLoader.LoadCertificateFromFile(file);
        string expected = own.Thumbprint;
        handler.ServerCertificateCustomValidationCallback = (_, shown, _, errors) =>
            errors == System.Net.Security.SslPolicyErrors.None || shown?.Thumbprint == expected;
        return handler;
    }
}
