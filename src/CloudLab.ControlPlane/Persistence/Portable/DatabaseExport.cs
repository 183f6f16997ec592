using System.Data;
using System.Data.Common;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace CloudLab.ControlPlane.Persistence.Portable;

/// <summary>The rows of one moment, in a form that either database takes back.</summary>
/// <remarks>
/// One text a table, referenced tables before those that refer to them. The first line names the table and its columns:
/// <c>{"table":"accounts","columns":[{"name":"id","kind":"text"}, …]}</c>; each further line is a row, an array of values
/// in the columns' order (<see cref="ColumnKind"/>), ordered by primary key.
/// </remarks>
public sealed class DatabaseExport(IDbContextFactory<CloudLabDbContext> contexts)
{
    /// <summary>The name of the last migration that this database has, without its time stamp, which differs between databases.</summary>
    /// <exception cref="InvalidOperationException">The database has no schema.</exception>
    public async Task<string> ReadSchemaAsync(CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        IEnumerable<string> applied = await db.Database.GetAppliedMigrationsAsync(cancellationToken).ConfigureAwait(false);
        return MigrationNames.Bare(applied.LastOrDefault() ?? throw new InvalidOperationException("the database has no schema"));
    }

    /// <summary>Writes every table.</summary>
    /// <param name="table">Opens where a table of this name goes, and is called for one table at a time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task WriteAsync(Func<string, Func<Stream, Task>, Task> table, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        // One snapshot for all tables: repeatable read on PostgreSQL, and any read transaction with SQLite's WAL.
        await using IDbContextTransaction snapshot = db is SqliteCloudLabDbContext
            ? await db.Database.UseTransactionAsync(await ReadOnlyAsync(db, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false)
                ?? throw new InvalidOperationException("the transaction was not taken")
            : await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);
        foreach (ITable source in TableOrder.Of(db.Model.GetRelationalModel()))
            await table(source.Name, target => WriteTableAsync(db, source, target, cancellationToken)).ConfigureAwait(false);
    }

    // EF's own begin would take SQLite's write lock, and with it stop the server for as long as the export takes.
    private static async Task<DbTransaction> ReadOnlyAsync(CloudLabDbContext db, CancellationToken cancellationToken)
    {
        await db.Database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        return ((Microsoft.Data.Sqlite.SqliteConnection)db.Database.GetDbConnection()).BeginTransaction(deferred: true);
    }

    private static async Task WriteTableAsync(CloudLabDbContext db, ITable table, Stream target, CancellationToken cancellationToken)
    {
        TableColumn[] columns = [.. table.Columns.Select(Describe)];
        await using DbCommand command = db.Database.GetDbConnection().CreateCommand();
        command.Transaction = db.Database.CurrentTransaction!.GetDbTransaction();
        ISqlGenerationHelper sql = db.GetService<ISqlGenerationHelper>();
        string order = string.Join(", ", (table.PrimaryKey?.Columns ?? []).Select(c => sql.DelimitIdentifier(c.Name)));
        // Names come from the model.
#pragma warning disable CA2100
        command.CommandText = $"select {string.Join(", ", columns.Select(c => sql.DelimitIdentifier(c.Name)))} from {sql.DelimitIdentifier(table.Name)}"
            + (order.Length == 0 ? "" : $" order by {order}");
#pragma warning restore CA2100
        await using DbDataReader rows = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken).ConfigureAwait(false);
        await target.WriteAsync(TableText.Header(table.Name, columns), cancellationToken).ConfigureAwait(false);
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        await using var json = new Utf8JsonWriter(buffer);
        while (await rows.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            buffer.ResetWrittenCount();
            json.Reset();
            TableText.WriteRow(json, rows, columns);
            await json.FlushAsync(cancellationToken).ConfigureAwait(false);
            await target.WriteAsync(buffer.WrittenMemory, cancellationToken).ConfigureAwait(false);
            await target.WriteAsync(TableText.NewLine, cancellationToken).ConfigureAwait(false);
        }
    }

    private static TableColumn Describe(IColumn column)
    {
        IProperty property = column.PropertyMappings[0].Property;
        return new TableColumn(column.Name, ColumnKinds.Of(property.ClrType, property.GetTypeMapping().Converter?.ProviderClrType));
    }
}
