using CloudLab.ControlPlane.Common.Listing;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.ControlPlane.Tests.Plane;
using CloudLab.Testing;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static CloudLab.ControlPlane.Tests.Plane.TestPlane;

namespace CloudLab.ControlPlane.Tests.Persistence;

public sealed class DatabaseTests(SharedPostgres postgres)
{
    [Theory, BothDatabases]
    public async Task The_migrations_make_the_model(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
        Assert.False(db.Database.HasPendingModelChanges(), "the model has changed: add a migration");
        Assert.Empty(await db.Database.GetPendingMigrationsAsync(Cancel));
    }

    [Theory, BothDatabases]
    public async Task Migrating_again_and_at_the_same_time_changes_nothing(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        var migrator = plane.Get<DatabaseMigrator>();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => migrator.MigrateAsync(Cancel))));
    }

    [Theory, BothDatabases]
    public async Task Rows_of_an_older_version_are_settled(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        await plane.PublishAsync([1]);
        await plane.Hosts.RegisterAsync(Cancel);
        InstanceId[] ids = [.. (await plane.CreateAsync(2)).Select(i => i.Id)];
        foreach (InstanceId id in ids) await plane.ChangeAsync(id, i => i.ObserveBoot(1));
        Ok(await plane.Instances.StopAsync(plane.Account, ids[1], Cancel));
        await plane.ChangeAsync(ids[1], i => i.ObserveEnd(plane.Clock.GetUtcNow()));
        await using (CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel))
        await using (WriteScope scope = await db.BeginWriteAsync(Cancel))
        {
            // As the migration leaves them.
            await db.Instances.ExecuteUpdateAsync(
                set => set.SetProperty(i => i.IsActive, true).SetProperty(i => i.Host, "host-a"),
                Cancel);
            await scope.CommitAsync();
        }

        await plane.Get<DatabaseMigrator>().MigrateAsync(Cancel);
        await using CloudLabDbContext after = await plane.Contexts.CreateDbContextAsync(Cancel);
        Assert.Equal([ids[0]], await after.Instances.Where(i => i.IsActive).Select(i => i.Id).ToListAsync(Cancel));
        Assert.Null((await plane.RowAsync(ids[1])).Host);
    }

    [Fact]
    public async Task A_process_that_was_killed_while_it_migrated_SQLite_does_not_stop_the_next()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
        await db.Database.ExecuteSqlRawAsync(
            """
            create table if not exists "__EFMigrationsLock" ("Id" integer primary key, "Timestamp" text not null);
            insert or replace into "__EFMigrationsLock" values (1, '2026-01-01');
            """,
            Cancel);
        await plane.Get<DatabaseMigrator>().MigrateAsync(Cancel);
    }

    [Fact]
    public async Task Two_hosts_may_migrate_a_new_PostgreSQL_at_the_same_time()
    {
        string connection = await postgres.CreateDatabaseAsync(Cancel);
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Postgres, postgres);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var services = new Microsoft.Extensions.DependencyInjection.ServiceCollection();
            services.AddCloudLabPersistence(new DatabaseOptions(DatabaseProvider.Postgres, connection));
            await using var provider = Microsoft.Extensions.DependencyInjection.ServiceCollectionContainerBuilderExtensions.BuildServiceProvider(services);
            await ((DatabaseMigrator)provider.GetService(typeof(DatabaseMigrator))!).MigrateAsync(Cancel);
        })));
    }

    [Fact]
    public async Task Every_text_column_of_PostgreSQL_compares_by_bytes()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Postgres, postgres);
        await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
        List<string> others = await db.Database.SqlQueryRaw<string>(
            """
            select table_name || '.' || column_name as "Value" from information_schema.columns
            where table_schema = 'public' and table_name not like '\_\_%' and data_type in ('text', 'character varying')
                and collation_name is distinct from 'C'
            """).ToListAsync(Cancel);
        Assert.Empty(others);
    }

    [Fact]
    public async Task SQLite_commits_survive_power_loss_and_compare_as_PostgreSQL_does()
    {
        await using TestPlane plane = await TestPlane.CreateAsync(DatabaseProvider.Sqlite, postgres);
        await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
        Assert.Equal(["wal"], await db.Database.SqlQueryRaw<string>("select journal_mode as \"Value\" from pragma_journal_mode").ToListAsync(Cancel));
        Assert.Equal([2L], await db.Database.SqlQueryRaw<long>("select synchronous as \"Value\" from pragma_synchronous").ToListAsync(Cancel));
        Assert.Equal([0L], await db.Database.SqlQueryRaw<long>("select 'ABC' like 'abc' as \"Value\"").ToListAsync(Cancel));
    }

    [Theory, BothDatabases]
    public async Task A_write_needs_its_turn(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        await using CloudLabDbContext db = await plane.Contexts.CreateDbContextAsync(Cancel);
        await Assert.ThrowsAsync<InvalidOperationException>(() => db.SaveChangesAsync(Cancel));
        Assert.Throws<NotSupportedException>(() => db.SaveChanges());
    }

    [Theory, BothDatabases]
    public async Task Of_two_writes_over_the_same_version_one_fails(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        await plane.PublishAsync([1]);
        await plane.Hosts.RegisterAsync(Cancel);
        InstanceId id = (await plane.CreateAsync())[0].Id;
        await using CloudLabDbContext stale = await plane.Contexts.CreateDbContextAsync(Cancel);
        Instance row = await stale.Instances.SingleAsync(i => i.Id == id, Cancel);
        await plane.ChangeAsync(id, i => i.RequestTerminate());

        row.RequestStop();
        await using WriteScope scope = await stale.BeginWriteAsync(Cancel);
        // Of the row itself, or of the transition that both record: either way the whole write is repeated.
        Exception failure = await Assert.ThrowsAnyAsync<DbUpdateException>(() => stale.SaveChangesAsync(Cancel));
        Assert.True(stale.IsConflict(failure));
    }

    [Theory, BothDatabases]
    public async Task Many_writers_and_readers_get_along(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres, QuickOptions with
        {
            Hypervisor = QuickOptions.Hypervisor with { MemoryBudget = 1UL << 40 },
        });
        await plane.PublishAsync([1]);
        await plane.Hosts.RegisterAsync(Cancel);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(n => Task.Run(async () =>
        {
            if (n % 2 == 0) await plane.CreateAsync(2);
            else Ok(await plane.Instances.ListAsync(plane.Account, new ListRequest(), Cancel));
        })));
        Assert.Equal(40, Ok(await plane.Instances.ListAsync(plane.Account, new ListRequest(), Cancel)).Items.Count);
    }

    [Theory, BothDatabases]
    public async Task A_cancelled_write_leaves_the_turn_to_others(DatabaseProvider provider)
    {
        await using TestPlane plane = await TestPlane.CreateAsync(provider, postgres);
        using var cancelled = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => plane.Contexts.WriteAsync<object>(
            async (_, ct) =>
            {
                await cancelled.CancelAsync();
                ct.ThrowIfCancellationRequested();
                return new object();
            },
            cancelled.Token));
        await plane.Hosts.RegisterAsync(Cancel);
    }
}
