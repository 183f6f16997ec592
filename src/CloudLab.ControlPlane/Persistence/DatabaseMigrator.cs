using CloudLab.ControlPlane.Instances;
using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>Brings the database to this version's schema. Repeating it changes nothing.</summary>
public sealed class DatabaseMigrator(IDbContextFactory<CloudLabDbContext> contexts, DatabaseOptions options) : IDisposable
{
    // Any number, but the same in all hosts.
    private const long AdvisoryLock = 0x436C_6F75_644C_6162;

    private readonly SemaphoreSlim _oneAtATime = new(1, 1);

    /// <summary>Applies the migrations that are missing, one host at a time.</summary>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
            await (options.Provider switch
            {
                DatabaseProvider.Sqlite => MigrateSqliteAsync(db, cancellationToken),
                DatabaseProvider.Postgres => MigratePostgresAsync(db, cancellationToken),
            }).ConfigureAwait(false);
            await SettleRowsAsync(db, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _oneAtATime.Dispose();

    // The migration that brought the column made every row active. Only active rows are looked at, so that this costs
    // nothing when there is nothing to do.
    private static async Task SettleRowsAsync(CloudLabDbContext db, CancellationToken cancellationToken)
    {
        await using WriteScope scope = await db.BeginWriteAsync(cancellationToken).ConfigureAwait(false);
        await db.Instances
            .Where(i => i.IsActive && (i.Observed == ObservedState.Terminated
                || (i.Desired == DesiredState.Stopped && i.Observed == ObservedState.Stopped)))
            .ExecuteUpdateAsync(
                set => set.SetProperty(i => i.IsActive, false).SetProperty(i => i.Host, (string?)null).SetProperty(i => i.HostEpoch, 0),
                cancellationToken)
            .ConfigureAwait(false);
        await scope.CommitAsync().ConfigureAwait(false);
    }

    private static async Task MigrateSqliteAsync(CloudLabDbContext db, CancellationToken cancellationToken)
    {
        // A process that was killed while it migrated leaves EF's lock row, which the next one would wait for
        // forever. The data directory's lock says that there is no other process.
        await db.Database.ExecuteSqlRawAsync("drop table if exists \"__EFMigrationsLock\"", cancellationToken).ConfigureAwait(false);
        await db.Database.MigrateAsync(cancellationToken).ConfigureAwait(false);
        await DataUpgrade.RunAsync(db, cancellationToken).ConfigureAwait(false);
    }

    private static async Task MigratePostgresAsync(CloudLabDbContext db, CancellationToken cancellationToken)
    {
        // EF locks its history table, but the first hosts of a new database race to create it.
        await db.Database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await db.Database.ExecuteSqlAsync($"select pg_advisory_lock({AdvisoryLock})", cancellationToken).ConfigureAwait(false);
        try
        {
            await db.Database.MigrateAsync(cancellationToken).ConfigureAwait(false);
            await DataUpgrade.RunAsync(db, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await db.Database.ExecuteSqlAsync($"select pg_advisory_unlock({AdvisoryLock})", CancellationToken.None).ConfigureAwait(false);
            await db.Database.CloseConnectionAsync().ConfigureAwait(false);
        }
    }
}
