using System.CommandLine;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Persistence.Portable;
using CloudLab.Server.Backup;
using CloudLab.Server.Hosting;
using CloudLab.Storage.Blobs;
using Spectre.Console;

namespace CloudLab.Server.Cli;

/// <summary>Restores a backup into an empty data directory and database.</summary>
internal static class RestoreCommand
{
    public static Command Create(Func<string, string?> environment, IAnsiConsole console)
    {
        var file = new Argument<string>("FILE") { Description = "An archive that 'backup' wrote, by this version or an older one" };
        var check = new Option<bool>("--check") { Description = "Only say whether the archive is whole" };
        var command = new Command("restore", "Restores a backup into an empty data directory and database; SQLite and PostgreSQL take each other's")
        {
            file, check,
        };
        var settings = new SettingOptions(command, Setting.DataDirectory, Setting.Database, Setting.DatabasePasswordFile);
        command.SetAction((parsed, cancellationToken) => parsed.GetValue(check)
            ? CheckAsync(parsed.GetRequiredValue(file), console, cancellationToken)
            : RunAsync(settings.Load(parsed, environment), parsed.GetRequiredValue(file), console, cancellationToken));
        return command;
    }

    private static async Task<int> CheckAsync(string file, IAnsiConsole console, CancellationToken cancellationToken)
    {
        try
        {
            BackupManifest manifest = await BackupReader.VerifyAsync(file, cancellationToken);
            console.WritePlain($"{file} is whole: CloudLab {manifest.Version}, {manifest.CreatedAt:u}.");
            return ExitCode.Ok;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{file} is no whole backup: {e.Message}.", e);
        }
    }

    private static async Task<int> RunAsync(ServerOptions options, string file, IAnsiConsole console, CancellationToken cancellationToken)
    {
        try
        {
            using DataDirectory directory = DataDirectory.Open(options.DataDirectory);
            await using ServiceProvider services = new ServiceCollection()
                .AddCloudLabPersistence(ServerApplication.Database(options, directory.Path))
                .BuildServiceProvider();
            using FileBlobStore blobs = FileBlobStore.Open(directory.BlobDirectory, TimeProvider.System);
            var reader = new BackupReader(services.GetRequiredService<DatabaseImport>(), blobs, directory);
            (long rows, long stored) = await reader.RestoreAsync(file, cancellationToken);
            console.WritePlain($"{rows} rows and {stored} blobs are restored into {directory.Path}. Start the server: what ran at the backup runs again.");
            return ExitCode.Ok;
        }
        catch (InvalidDataException e)
        {
            throw new StartupException($"{file} cannot be restored: {e.Message}.", e);
        }
        catch (InvalidOperationException e) when (StartupException.Explain(e, options) is null)
        {
            throw new StartupException($"{file} cannot be restored: {e.Message}.", e);
        }
        catch (Exception e) when (StartupException.Explain(e, options) is { } reason)
        {
            throw new StartupException(reason, e);
        }
    }
}
