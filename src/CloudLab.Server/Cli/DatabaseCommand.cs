using System.CommandLine;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Server.Hosting;
using Microsoft.EntityFrameworkCore;
using Spectre.Console;

namespace CloudLab.Server.Cli;

internal static class DatabaseCommand
{
    private static readonly Setting[] Settings = [Setting.DataDirectory, Setting.Database, Setting.DatabasePasswordFile];

    public static Command Create(Func<string, string?> environment, IAnsiConsole console)
    {
        var database = new Command("db", "Looks after the database");
        var migrate = new Command("migrate", "Brings the database to this version's schema, as a start of the server does");
        var migrateSettings = new SettingOptions(migrate, Settings);
        migrate.SetAction((parsed, cancellationToken) => RunAsync(migrateSettings.Load(parsed, environment), MigrateAsync, console, cancellationToken));
        database.Subcommands.Add(migrate);

        var check = new Command("check", "Exits with 0 when the database answers and has this version's schema, else with 1");
        var checkSettings = new SettingOptions(check, Settings);
        check.SetAction((parsed, cancellationToken) => RunAsync(checkSettings.Load(parsed, environment), CheckAsync, console, cancellationToken));
        database.Subcommands.Add(check);
        return database;
    }

    private static async Task<int> RunAsync(
        ServerOptions options, Func<IServiceProvider, IAnsiConsole, CancellationToken, Task<int>> work, IAnsiConsole console,
        CancellationToken cancellationToken)
    {
        using DataDirectory directory = DataDirectory.Open(options.DataDirectory);
        var services = new ServiceCollection();
        services.AddCloudLabPersistence(ServerApplication.Database(options, directory.Path));
        await using ServiceProvider provider = services.BuildServiceProvider();
        try
        {
            return await work(provider, console, cancellationToken);
        }
        catch (Exception e) when (StartupException.Explain(e, options) is { } reason)
        {
            throw new StartupException(reason, e);
        }
    }

    private static async Task<int> MigrateAsync(IServiceProvider services, IAnsiConsole console, CancellationToken cancellationToken)
    {
        await services.GetRequiredService<DatabaseMigrator>().MigrateAsync(cancellationToken);
        console.WritePlain("The database has this version's schema.");
        return ExitCode.Ok;
    }

    private static async Task<int> CheckAsync(IServiceProvider services, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var contexts = services.GetRequiredService<IDbContextFactory<CloudLabDbContext>>();
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken);
        string[] missing = [.. await db.Database.GetPendingMigrationsAsync(cancellationToken)];
        console.WritePlain(missing.Length == 0
            ? "The database answers and has this version's schema."
            : $"The database answers but lacks {missing.Length} migrations. Run: CloudLab.Server db migrate");
        return missing.Length == 0 ? ExitCode.Ok : ExitCode.Failed;
    }
}
