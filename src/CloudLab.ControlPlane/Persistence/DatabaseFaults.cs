using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace CloudLab.ControlPlane.Persistence;

/// <summary>Tells a database that is away, full or busy from a mistake in what was asked of it.</summary>
public static class DatabaseFaults
{
    /// <summary>Whether the cause of an exception is a database that may answer again: the same request can succeed later.</summary>
    public static bool IsAway(Exception? exception) => exception switch
    {
        null => false,
        // Its IsTransient is always false.
        SqliteException sqlite => IsAway(sqlite),
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown } => true,
        DbException { IsTransient: true } => true,
        _ => IsAway(exception.InnerException),
    };

    // https://www.sqlite.org/rescode.html
    private static bool IsAway(SqliteException exception)
    {
        const int Busy = 5, Locked = 6, ReadOnly = 8, InputOutput = 10, Full = 13, CannotOpen = 14;
        return exception.SqliteErrorCode is Busy or Locked or ReadOnly or InputOutput or Full or CannotOpen;
    }
}
