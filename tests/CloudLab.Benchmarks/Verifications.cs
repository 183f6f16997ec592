using System.Diagnostics;
using CloudLab.ControlPlane;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace CloudLab.Benchmarks;

/// <summary>What it costs to find out who calls: a query for each request, by token and by access key.</summary>
internal static class Verifications
{
    private const int Holders = 1000;
    private const int Rounds = 20_000;

    public static async Task RunAsync()
    {
        using var directory = new TempDirectory();
        await RunAsync("SQLite", new DatabaseOptions(DatabaseProvider.Sqlite, $"Data Source={directory["cloudlab.db"]}"), directory);
        await using PostgresServer server = await PostgresServer.StartAsync(CancellationToken.None);
        await RunAsync("PostgreSQL", new DatabaseOptions(DatabaseProvider.Postgres, await server.CreateDatabaseAsync(CancellationToken.None)), directory);
    }

    private static async Task RunAsync(string name, DatabaseOptions database, TempDirectory directory)
    {
        var services = new ServiceCollection();
        services.AddCloudLabPersistence(database);
        services.AddSingleton(new ControlPlaneOptions());
        services.AddSingleton(MasterKey.LoadOrCreate(directory["master.key"]));
        services.AddCloudLabIdentity();
        await using ServiceProvider provider = services.BuildServiceProvider();
        await provider.GetRequiredService<DatabaseMigrator>().MigrateAsync(CancellationToken.None);
        AccountId account = (await provider.GetRequiredService<AccountService>().EnsureDefaultAsync(CancellationToken.None)).Id;
        TokenService tokens = provider.GetRequiredService<TokenService>();
        AccessKeyService keys = provider.GetRequiredService<AccessKeyService>();

        var secrets = new List<string>();
        var ids = new List<string>();
        for (int i = 0; i < Holders; i++)
        {
            UserDetails user = (await provider.GetRequiredService<UserService>().CreateAsync(account, null, $"user-{i}", Role.Operator, default)).Value!;
            secrets.Add((await tokens.CreateAsync(account, null, new CreateToken { Name = "bench", User = user.Id }, default)).Value!.Secret);
            ids.Add((await keys.CreateAsync(account, null, new CreateAccessKey { User = user.Id }, default)).Value!.Key.Id.Value);
        }

        await MeasureAsync($"{name}, token", async i => Require((await tokens.VerifyAsync(secrets[i % Holders], default)).IsOk));
        await MeasureAsync($"{name}, access key", async i => Require((await keys.FindAsync(ids[i % Holders], default)).IsOk));
    }

    private static async Task MeasureAsync(string what, Func<int, Task> verify)
    {
        for (int i = 0; i < Rounds / 10; i++) await verify(i);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long startedAt = Stopwatch.GetTimestamp();
        for (int i = 0; i < Rounds; i++) await verify(i);
        double wall = Stopwatch.GetElapsedTime(startedAt).TotalMicroseconds / Rounds;
        double used = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / Rounds;
        Console.WriteLine(string.Create(
            System.Globalization.CultureInfo.InvariantCulture, $"{what,-24} {wall,7:F0} µs each, {used,7:F0} µs of this process's CPU"));
    }

    private static void Require(bool holds)
    {
        if (!holds) throw new InvalidOperationException("a right token was refused");
    }
}
