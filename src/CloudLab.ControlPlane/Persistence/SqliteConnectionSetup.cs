using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>The settings that SQLite keeps per connection.</summary>
internal sealed class SqliteConnectionSetup : DbConnectionInterceptor
{
    // WAL: readers go on beside a writer. FULL: a commit survives power loss, as the API promises. LIKE compares
    // as PostgreSQL's does. The wait covers other processes (a backup); our own writers wait at the gate.
    private const string Pragmas =
        "pragma journal_mode=wal; pragma synchronous=full; pragma foreign_keys=on; pragma case_sensitive_like=on; pragma busy_timeout=5000;";

    // Connections are pooled, and what is under them keeps its settings: those that have them. Two queries make a request.
    private readonly ConditionalWeakTable<object, string> _isSetUp = [];

    public static SqliteConnectionSetup Instance { get; } = new();

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        if (IsSetUp(connection)) return;
        using DbCommand command = connection.CreateCommand();
        command.CommandText = Pragmas;
        command.ExecuteNonQuery();
        NoteSetUp(connection);
    }

    public override async Task ConnectionOpenedAsync(
        DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        if (IsSetUp(connection)) return;
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = Pragmas;
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        NoteSetUp(connection);
    }

    private bool IsSetUp(DbConnection connection) =>
        ((SqliteConnection)connection).Handle is { } handle && _isSetUp.TryGetValue(handle, out _);

    private void NoteSetUp(DbConnection connection)
    {
        if (((SqliteConnection)connection).Handle is { } handle) _isSetUp.AddOrUpdate(handle, Pragmas);
    }
}
