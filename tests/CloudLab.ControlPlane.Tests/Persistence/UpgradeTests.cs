using System.Security.Cryptography;
using System.Text;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Persistence;

/// <summary>A database of the release before goes on with this one.</summary>
public sealed class UpgradeTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task Tokens_of_the_release_before_stay_valid_with_their_roles(DatabaseProvider provider)
    {
        using var directory = new TempDirectory();
        var database = new DatabaseOptions(provider, provider == DatabaseProvider.Sqlite
            ? $"Data Source={directory["cloudlab.db"]}"
            : await postgres.CreateDatabaseAsync(Cancel));
        await MakeInitialAsync(database);

        await using TestPlane plane = await TestPlane.OpenAsync(database, directory["data"]);
        Assert.Equal("123456789012", plane.Account.Value);
        AccountDetails account = Ok(await plane.Accounts.GetAsync(plane.Account, Cancel));
        Assert.Equal(("default", true, 64), (account.Name, account.IsManagement, account.CanonicalUserId.Length));
        foreach ((string name, Role role) in new[] { ("admin", Role.Admin), ("operator", Role.Operator), ("reader", Role.Viewer) })
        {
            Caller caller = Ok(await plane.Tokens.VerifyAsync(SecretOf(name), Cancel));
            Assert.Equal((plane.Account, "admin", role), (caller.AccountId, caller.UserName, caller.Role));
        }

        // The start that follows names the administrator's token again.
        await plane.Tokens.EnsureAdminAsync(plane.Account, SecretOf("admin"), Cancel);
        Ok(await plane.Tokens.VerifyAsync(SecretOf("admin"), Cancel));
        Assert.Equal(3, Ok(await plane.Tokens.ListAsync(plane.Account, by: null, user: null, new PageRequest(), Cancel)).Items.Count);
        Assert.Single(Ok(await plane.Users.ListAsync(plane.Account, new PageRequest(), Cancel)).Items);

        // Once more, as at every start: nothing changes.
        await plane.Get<DatabaseMigrator>().MigrateAsync(Cancel);
        Assert.Equal(account, Ok(await plane.Accounts.GetAsync(plane.Account, Cancel)));
    }

    private static string SecretOf(string name) => $"{name}-token-of-the-release-before-this-one";

    /// <summary>The previous release's schema with rows as it wrote them.</summary>
    private static async Task MakeInitialAsync(DatabaseOptions database)
    {
        var services = new ServiceCollection();
        services.AddCloudLabPersistence(database);
        await using ServiceProvider provider = services.BuildServiceProvider();
        await using CloudLabDbContext db = await provider.GetRequiredService<IDbContextFactory<CloudLabDbContext>>().CreateDbContextAsync(Cancel);
        await db.GetService<IMigrator>().MigrateAsync("Initial", Cancel);
        object at = database.Provider == DatabaseProvider.Sqlite ? 638_000_000_000_000_000L : new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await db.Database.ExecuteSqlAsync($"insert into accounts (id, name, created_at) values ('123456789012', 'default', {at})", Cancel);
        foreach (string name in new[] { "admin", "operator", "reader" })
        {
            string id = TokenId.New().Value;
            byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(SecretOf(name)));
            await db.Database.ExecuteSqlAsync(
                $"insert into api_tokens (id, account_id, name, role, hash, created_at) values ({id}, '123456789012', {name}, {name}, {hash}, {at})", Cancel);
        }

        if (database.Provider == DatabaseProvider.Sqlite) Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
    }
}
