using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;

namespace CloudLab.ControlPlane.Persistence.Portable;

/// <summary>Takes back what <see cref="DatabaseExport"/> wrote, of this version or an older one, from either database.</summary>
public sealed class DatabaseImport(IDbContextFactory<CloudLabDbContext> contexts, DatabaseMigrator migrator)
{
    /// <summary>Fills a new database: makes the schema that the rows had, inserts them in one transaction, and brings it to this version's.</summary>
    /// <param name="schema">What <see cref="DatabaseExport.ReadSchemaAsync"/> answered.</param>
    /// <param name="tables">The tables in their order, each read to its end.</param>
    /// <param name="cancellationToken">Gives up before the commit: the database has no rows then.</param>
    /// <returns>How many rows there are.</returns>
    /// <exception cref="InvalidDataException">The rows are malformed, or of a version that this one does not know.</exception>
    /// <exception cref="InvalidOperationException">The database is not empty.</exception>
    public async Task<long> ReadAsync(string schema, IAsyncEnumerable<TextReader> tables, CancellationToken cancellationToken)
    {
        await PrepareAsync(schema, cancellationToken).ConfigureAwait(false);
        long rows = 0;
        await using (CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false))
        {
            await using WriteScope scope = await db.BeginWriteAsync(cancellationToken).ConfigureAwait(false);
            await foreach (TextReader table in tables.WithCancellation(cancellationToken).ConfigureAwait(false))
                rows += await InsertAsync(db, table, cancellationToken).ConfigureAwait(false);
            await scope.CommitAsync().ConfigureAwait(false);
        }

        await migrator.MigrateAsync(cancellationToken).ConfigureAwait(false);
        return rows;
    }

    private async Task PrepareAsync(string schema, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        string target = db.Database.GetMigrations().SingleOrDefault(migration => MigrationNames.Bare(migration) == schema)
            ?? throw new InvalidDataException($"it was made by a version of CloudLab with the schema '{schema}', which this one does not know");
        string[] applied = [.. await db.Database.GetAppliedMigrationsAsync(cancellationToken).ConfigureAwait(false)];
        bool isEmpty = applied.Length == 0 || !await db.Accounts.AnyAsync(cancellationToken).ConfigureAwait(false);
        if (!isEmpty) throw new InvalidOperationException("the database has rows: a backup is restored into an empty one");
        // Down as well as up: a database that a server was started on before has this version's schema.
        await db.GetService<IMigrator>().MigrateAsync(target, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<long> InsertAsync(CloudLabDbContext db, TextReader text, CancellationToken cancellationToken)
    {
        string? header = await text.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        (string table, TableColumn[] columns) = TableText.ReadHeader(header ?? "");
        await using DbCommand insert = Prepare(db, table, columns);
        long rows = 0;
        while (await text.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            object?[] values = TableText.ReadRow(line, columns);
            for (int i = 0; i < values.Length; i++) insert.Parameters[i].Value = Native(db, values[i]) ?? DBNull.Value;
            await insert.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            rows++;
        }

        if (db is PostgresCloudLabDbContext) await PostgresSequences.AdvanceAsync(db, table, columns, cancellationToken).ConfigureAwait(false);
        return rows;
    }

    private static DbCommand Prepare(CloudLabDbContext db, string table, TableColumn[] columns)
    {
        ISqlGenerationHelper sql = db.GetService<ISqlGenerationHelper>();
        DbCommand insert = db.Database.GetDbConnection().CreateCommand();
        insert.Transaction = db.Database.CurrentTransaction!.GetDbTransaction();
        // Names are delimited, so that a hostile file names at most a table that is not there.
#pragma warning disable CA2100
        insert.CommandText = $"insert into {sql.DelimitIdentifier(table)} ({string.Join(", ", columns.Select(c => sql.DelimitIdentifier(c.Name)))}) "
            + $"values ({string.Join(", ", columns.Select((_, i) => $"@p{i}"))})";
#pragma warning restore CA2100
        for (int i = 0; i < columns.Length; i++)
        {
            DbParameter parameter = insert.CreateParameter();
            parameter.ParameterName = $"@p{i}";
            insert.Parameters.Add(parameter);
        }

        return insert;
    }

    private static object? Native(CloudLabDbContext db, object? value) =>
        value is DateTimeOffset time && db is SqliteCloudLabDbContext ? time.UtcTicks : value;
}
