using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Npgsql;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>The shared database: any number of hosts.</summary>
public sealed class PostgresCloudLabDbContext(DbContextOptions<PostgresCloudLabDbContext> options) : CloudLabDbContext(options)
{
    internal override string SkipLocked => "for update skip locked";

    internal override string TransactionIdSql => "pg_current_xact_id()::text::bigint";

    internal override string IsForeignEventSql => "transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint";

    internal override Task<long> ReadEventWatermarkAsync(CancellationToken cancellationToken) => Database
        .SqlQueryRaw<long>("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as \"Value\"")
        .SingleAsync(cancellationToken);

    // Not "for update": inserts of rows that refer to it go on.
    internal override string LockRows => "for no key update";

    /// <inheritdoc/>
    public override async Task<WriteScope> BeginWriteAsync(CancellationToken cancellationToken) =>
        new(await Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false), gate: null);

    internal override bool IsConflict(Exception failure) => failure switch
    {
        DbUpdateConcurrencyException => true,
        DbUpdateException { InnerException: PostgresException inner } => IsConflict(inner),
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } => true,
        PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure } => true,
        _ => false,
    };

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        // timestamptz refuses other offsets.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcConverter>();
    }

    /// <inheritdoc/>
    protected override void ConfigureProperty(IMutableProperty property)
    {
        // By bytes, as SQLite compares; keyset pages need both to agree.
        bool isConverted = property.GetValueConverter()?.ProviderClrType == typeof(string);
        if (isConverted || IsText(Nullable.GetUnderlyingType(property.ClrType) ?? property.ClrType)) property.SetCollation("C");
    }

    private static bool IsText(Type type) =>
        type == typeof(string) || type.IsEnum || type == typeof(AccountId) || type == typeof(AccessKeyId)
        || type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IResourceId<>));

    private sealed class UtcConverter()
        : ValueConverter<DateTimeOffset, DateTimeOffset>(time => time.ToUniversalTime(), time => time);
}
