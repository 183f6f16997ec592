using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>The embedded database: one file, one process.</summary>
public sealed class SqliteCloudLabDbContext(DbContextOptions<SqliteCloudLabDbContext> options) : CloudLabDbContext(options)
{
    private const int Busy = 5;
    private const int ConstraintPrimaryKey = 1555;
    private const int ConstraintUnique = 2067;

    internal override string SkipLocked => "";

    // One writer at a time: numbers become visible in their order, and none is held back.
    internal override string TransactionIdSql => "0";

    internal override string IsForeignEventSql => "transaction_id <> 0";

    internal override Task<long> ReadEventWatermarkAsync(CancellationToken cancellationToken) => Task.FromResult(long.MaxValue);

    // The write transaction has the whole database.
    internal override string LockRows => "";

    /// <inheritdoc/>
    public override async Task<WriteScope> BeginWriteAsync(CancellationToken cancellationToken)
    {
        SemaphoreSlim turn = this.GetService<SqliteWriteGate>().Turn;
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // "begin immediate": what the transaction reads is what it writes over.
            IDbContextTransaction transaction = await Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            return new WriteScope(transaction, turn);
        }
        catch
        {
            turn.Release();
            throw;
        }
    }

    internal override bool IsConflict(Exception failure) => failure switch
    {
        DbUpdateConcurrencyException => true,
        DbUpdateException { InnerException: SqliteException inner } => IsConflict(inner),
        SqliteException { SqliteErrorCode: Busy } => true,
        SqliteException { SqliteExtendedErrorCode: ConstraintPrimaryKey or ConstraintUnique } => true,
        _ => false,
    };

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        // SQLite has no time type; ticks sort.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicksConverter>();
    }

    private sealed class UtcTicksConverter()
        : ValueConverter<DateTimeOffset, long>(time => time.UtcTicks, ticks => new DateTimeOffset(ticks, TimeSpan.Zero));
}
