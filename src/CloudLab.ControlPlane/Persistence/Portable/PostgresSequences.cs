using Microsoft.EntityFrameworkCore;

namespace CloudLab.ControlPlane.Persistence.Portable;

internal static class PostgresSequences
{
    /// <summary>Lets the table's generated columns go on after the highest value that was inserted.</summary>
    public static async Task AdvanceAsync(
        CloudLabDbContext db, string table, IEnumerable<TableColumn> columns, CancellationToken cancellationToken)
    {
        foreach (TableColumn column in columns.Where(c => c.Kind == ColumnKind.Integer))
        {
            string? sequence = await db.Database
                .SqlQuery<string?>($"select pg_get_serial_sequence(quote_ident({table}), {column.Name}) as \"Value\"")
                .SingleAsync(cancellationToken)
                .ConfigureAwait(false);
            if (sequence is null) continue;
            // Both names exist, as the answer before shows.
#pragma warning disable EF1002
            await db.Database.ExecuteSqlRawAsync(
                $"select setval('{sequence}', coalesce((select max(\"{column.Name}\") from \"{table}\"), 0) + 1, false)", cancellationToken)
                .ConfigureAwait(false);
#pragma warning restore EF1002
        }
    }
}
