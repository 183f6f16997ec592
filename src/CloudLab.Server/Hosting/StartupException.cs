using System.Data.Common;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;

namespace CloudLab.Server.Hosting;

/// <summary>The server cannot start or a verb cannot do its work; the message tells the operator what to do.</summary>
internal sealed class StartupException : Exception
{
    public StartupException()
    {
    }

    public StartupException(string message)
        : base(message)
    {
    }

    public StartupException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>What an operator can do about a failure of infrastructure; null for anything else, which is a bug.</summary>
    public static string? Explain(Exception exception, ServerOptions options) => exception switch
    {
        // EF Core wraps what it takes to be transient.
        InvalidOperationException { InnerException: DbException inner } => Explain(inner, options),
        DbException e when options.PostgresConnectionString is not null =>
            $"The PostgreSQL database cannot be used: {e.Message} Check --database and --database-password-file.",
        DbException e => $"The SQLite database in {options.DataDirectory} cannot be used: {e.Message}",
        IOException e when e.InnerException is AddressInUseException =>
            $"{e.Message} Stop who listens there, or choose another address with --urls http://127.0.0.1:PORT.",
        IOException or UnauthorizedAccessException or CryptographicException or InvalidDataException => exception.Message,
        _ => null,
    };
}
