using System.CommandLine;
using System.Text.Json;
using CloudLab.ControlPlane;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Events;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Server.Events;
using CloudLab.Server.Hosting;
using CloudLab.Server.Security;
using Microsoft.EntityFrameworkCore;
using Spectre.Console;

namespace CloudLab.Server.Cli;

/// <summary>
/// What the verbs for accounts, tokens and keys work with: the server's own services on its database, beside a running
/// server or without one. The operator of the machine may do everything.
/// </summary>
internal sealed class IdentityTools(IServiceProvider services, IAnsiConsole console, bool asJson)
{
    /// <summary>The settings that say where the database is.</summary>
    public static readonly Setting[] Settings =
        [Setting.DataDirectory, Setting.Database, Setting.DatabasePasswordFile, Setting.MasterKeyFile];

    private static readonly JsonSerializerOptions Json = CreateJson();

    public AccountService Accounts => services.GetRequiredService<AccountService>();

    public UserService Users => services.GetRequiredService<UserService>();

    public TokenService Tokens => services.GetRequiredService<TokenService>();

    public AccessKeyService AccessKeys => services.GetRequiredService<AccessKeyService>();

    /// <summary>A flag of verbs that can write what they did as the API would.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Write JSON, as the API answers" };

    /// <summary>Which account a verb is about.</summary>
    public static Option<string> AccountOption() => new("--account")
    {
        Description = "The account's id or name",
        HelpName = "ACCOUNT",
        DefaultValueFactory = _ => "default",
    };

    /// <summary>Does a verb's work on the configured database. One that is new is made ready, as a first start would.</summary>
    /// <exception cref="StartupException">It cannot be done; the message says why.</exception>
    public static async Task<int> RunAsync(
        ServerOptions options, IAnsiConsole console, bool asJson, Func<IdentityTools, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        // A SQLite file that is not there yet is made under the data directory's lock; a server that runs has made it.
        bool isNew = options.PostgresConnectionString is null && !File.Exists(DataDirectory.SqliteFileOf(options.DataDirectory));
        using DataDirectory? directory = isNew ? DataDirectory.Open(options.DataDirectory) : null;
        await using ServiceProvider services = Build(options);
        try
        {
            await PrepareAsync(services, options, cancellationToken);
            await work(new IdentityTools(services, console, asJson), cancellationToken);
            return ExitCode.Ok;
        }
        catch (Exception e) when (StartupException.Explain(e, options) is { } reason)
        {
            throw new StartupException(reason, e);
        }
    }

    /// <summary>The account of that id or name.</summary>
    public async Task<AccountDetails> FindAccountAsync(string idOrName, CancellationToken cancellationToken) =>
        Require(AccountId.TryParse(idOrName, out AccountId id)
            ? await Accounts.GetAsync(id, cancellationToken)
            : await Accounts.GetByNameAsync(idOrName, cancellationToken));

    /// <summary>The user of that name; made with <paramref name="role"/>, if one is given, where it is not there.</summary>
    public async Task<UserDetails> FindUserAsync(AccountId account, string name, Role? role, CancellationToken cancellationToken)
    {
        Result<UserDetails> found = await Users.GetByNameAsync(account, name, cancellationToken);
        if (found.IsOk) return found.Value;
        if (role is null) throw new StartupException($"There is no user {name} in the account. To make it, say what it may do with --role.");
        return await ChangeAsync(
            account, EventAction.Of(Permission.UsersWrite, "CreateUser"), resourceId: null,
            () => Users.CreateAsync(account, by: null, name, role.Value, cancellationToken));
    }

    /// <summary>
    /// Makes a change as the API does, with its event in the same transaction, or with that of its refusal. Who made it is
    /// this machine's operator, by the name that the system knows.
    /// </summary>
    /// <param name="account">Whose event it is.</param>
    /// <param name="action">What the API calls it.</param>
    /// <param name="resourceId">What it changes; null for what it makes.</param>
    /// <param name="change">Makes one write transaction at most.</param>
    /// <exception cref="StartupException">It was refused; the message says why.</exception>
    public async Task<T> ChangeAsync<T>(AccountId account, EventAction action, string? resourceId, Func<Task<Result<T>>> change)
        where T : class
    {
        var call = new ApiCall
        {
            AccountId = account,
            Actor = "operator/" + Environment.MachineName,
            ActorName = Environment.UserName is { Length: > 0 } user ? user : null,
            Action = action.Name,
            ResourceType = action.ResourceType,
            ResourceId = resourceId,
        };
        var recorder = services.GetRequiredService<EventRecorder>();
        recorder.Begin(call);
        try
        {
            Result<T> result = await change();
            // What is refused before there is a transaction.
            if (!result.IsOk && !call.IsRecorded)
            {
                await recorder.RecordAsync(
                    services.GetRequiredService<IDbContextFactory<CloudLabDbContext>>(), call, EventOutcome.Refused,
                    EnumText.Of(result.Error.Code), CancellationToken.None);
            }

            return Require(result);
        }
        finally
        {
            call.End();
        }
    }

    /// <summary>Writes a result: as JSON, or as lines for people.</summary>
    public void Write(object result, IEnumerable<string> lines)
    {
        if (asJson)
            console.WritePlain(JsonSerializer.Serialize(result, Json));
        else
            foreach (string line in lines)
                console.WritePlain(line);
    }

    /// <summary>Every item of a list in pages.</summary>
    public static async Task<List<T>> AllAsync<T>(Func<PageRequest, Task<Result<Page<T>>>> list)
    {
        var all = new List<T>();
        string? next = null;
        do
        {
            Page<T> page = Require(await list(new PageRequest { Size = PageRequest.MaxSize, NextToken = next }));
            all.AddRange(page.Items);
            next = page.NextToken;
        }
        while (next is not null);
        return all;
    }

    public static T Require<T>(Result<T> result)
        where T : class => result.IsOk ? result.Value : throw new StartupException($"It cannot be done: {result.Error.Message}.");

    private static ServiceProvider Build(ServerOptions options)
    {
        var services = new ServiceCollection();
        services.AddCloudLabPersistence(ServerApplication.Database(options, options.DataDirectory));
        services.AddSingleton(new ControlPlaneOptions());
        services.AddSingleton(_ => LoadMasterKey(options));
        services.AddCloudLabIdentity();
        return services.BuildServiceProvider();
    }

    // The key of another machine, made here by mistake, would seal secrets that the server cannot open.
    private static MasterKey LoadMasterKey(ServerOptions options)
    {
        string file = options.MasterKeyFile ?? DataDirectory.MasterKeyFileOf(options.DataDirectory);
        if (File.Exists(file)) return MasterKey.LoadOrCreate(file);
        throw new StartupException($"{file} is not there, and without the server's master key no access key can be made. "
            + "Start the server once, or name its key with --master-key-file FILE.");
    }

    private static async Task PrepareAsync(IServiceProvider services, ServerOptions options, CancellationToken cancellationToken)
    {
        var contexts = services.GetRequiredService<IDbContextFactory<CloudLabDbContext>>();
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken);
        if (!(await db.Database.GetPendingMigrationsAsync(cancellationToken)).Any()) return;
        if ((await db.Database.GetAppliedMigrationsAsync(cancellationToken)).Any())
            throw new StartupException("The database has an earlier version's schema. Start this version's server, or run: CloudLab.Server db migrate");
        await services.GetRequiredService<DatabaseMigrator>().MigrateAsync(cancellationToken);
        await services.GetRequiredService<AccountService>().EnsureDefaultAsync(cancellationToken);
        MasterKey.LoadOrCreate(options.MasterKeyFile ?? DataDirectory.MasterKeyFileOf(options.DataDirectory));
    }

    private static JsonSerializerOptions CreateJson()
    {
        var json = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        ServerApplication.Configure(json);
        return json;
    }
}
