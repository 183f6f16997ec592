using Npgsql;

namespace CloudLab.Testing;

/// <summary>A real PostgreSQL for tests, from wherever this machine can have one.</summary>
/// <remarks>
/// In this order: the connection string in <see cref="Variable"/>; a container, when an engine answers; the machine's own
/// binaries; Debian's packages, unpacked into the user's cache directory. The last two run a temporary cluster as an ordinary
/// user on a Unix socket; it ends with this process even when that is killed. There is no skipping: without any it throws.
/// </remarks>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>Names an existing server by a connection string of a user that may create databases.</summary>
    public const string Variable = "CLOUDLAB_TEST_POSTGRES";

    private readonly string _connectionString;
    private readonly IAsyncDisposable? _owned;
    private readonly List<string> _databases = [];
    private readonly Lock _gate = new();

    private PostgresServer(string connectionString, string source, string version, IAsyncDisposable? owned)
    {
        _connectionString = connectionString;
        Source = source;
        Version = version;
        _owned = owned;
    }

    /// <summary>Where it came from, for the log of a test run.</summary>
    public string Source { get; }

    /// <summary>What the server says its version is.</summary>
    public string Version { get; }

    /// <summary>Finds and starts a server.</summary>
    /// <exception cref="InvalidOperationException">None could be had; the message has the reason for each way.</exception>
    public static async Task<PostgresServer> StartAsync(CancellationToken cancellationToken = default)
    {
        var reasons = new List<string>();
        foreach (var candidate in (PostgresCandidate[])
        [
            PostgresCandidate.FromEnvironment, PostgresCandidate.FromContainer,
            PostgresCandidate.FromInstalled, PostgresCandidate.FromPackages,
        ])
        {
            if (await TryStartAsync(candidate, reasons, cancellationToken).ConfigureAwait(false) is { } server)
                return server;
        }

        throw new InvalidOperationException(
            "These tests need a PostgreSQL and none could be had:\n - " + string.Join("\n - ", reasons));
    }

    /// <summary>Starts a server in one of the ways only, for tests of that way.</summary>
    /// <exception cref="InvalidOperationException">It isn't possible here; the message has the reason.</exception>
    internal static async Task<PostgresServer> StartAsync(PostgresCandidate candidate, CancellationToken cancellationToken)
    {
        var reasons = new List<string>();
        return await TryStartAsync(candidate, reasons, cancellationToken).ConfigureAwait(false)
            ?? throw new InvalidOperationException(string.Join('\n', reasons));
    }

    /// <summary>Makes an empty database that no one else uses.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync(CancellationToken cancellationToken = default)
    {
        var name = $"test_{Guid.NewGuid():n}";
        await ExecuteAsync($"create database {name}", cancellationToken).ConfigureAwait(false);
        lock (_gate)
            _databases.Add(name);
        return new NpgsqlConnectionStringBuilder(_connectionString) { Database = name, Pooling = true, IncludeErrorDetail = true }.ConnectionString;
    }

    /// <summary>Ends a server of ours; in someone else's only our databases are dropped.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_owned is not null)
        {
            await _owned.DisposeAsync().ConfigureAwait(false);
            return;
        }

        foreach (var name in _databases)
            await ExecuteAsync($"drop database if exists {name} with (force)", CancellationToken.None).ConfigureAwait(false);
    }

    private static async Task<PostgresServer?> TryStartAsync(
        PostgresCandidate candidate, List<string> reasons, CancellationToken cancellationToken)
    {
        IAsyncDisposable? owned = null;
        try
        {
            var offer = await candidate.OfferAsync(cancellationToken).ConfigureAwait(false);
            if (offer.ConnectionString is null)
            {
                reasons.Add($"{candidate.Name}: {offer.Reason}");
                return null;
            }

            owned = offer.Owned;
            // The administrative connection isn't pooled: it would keep template1 or postgres busy between databases.
            var connectionString = new NpgsqlConnectionStringBuilder(offer.ConnectionString) { Pooling = false }.ConnectionString;
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            await using var command = new NpgsqlCommand("show server_version", connection);
            var version = (string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
            var server = new PostgresServer(connectionString, $"{candidate.Name} ({offer.Reason})", version, owned);
            owned = null;
            await Console.Error.WriteLineAsync($"Testing with PostgreSQL {server.Version}: {server.Source}").ConfigureAwait(false);
            return server;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // Whatever a way fails of (a broken engine, a foreign server that is down) is a reason to try the next and to be told.
            reasons.Add($"{candidate.Name}: {e.Message}");
            return null;
        }
        finally
        {
            if (owned is not null)
                await owned.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
