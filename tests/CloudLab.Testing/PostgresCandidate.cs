using System.Net.Sockets;
using Testcontainers.PostgreSql;

namespace CloudLab.Testing;

/// <summary>What a way to a PostgreSQL came to.</summary>
/// <param name="ConnectionString">Of a user that may create databases, or null when this way leads nowhere here.</param>
/// <param name="Reason">Why not, or which server it is.</param>
/// <param name="Owned">What to dispose when the tests are over; null for a server that isn't ours.</param>
internal readonly record struct PostgresOffer(string? ConnectionString, string Reason, IAsyncDisposable? Owned);

/// <summary>One way to a PostgreSQL.</summary>
internal sealed record PostgresCandidate(string Name, Func<CancellationToken, Task<PostgresOffer>> OfferAsync)
{
    /// <summary>The version that the compose file runs.</summary>
    private const string ContainerImage = "postgres:17";

    private const string DockerSocket = "/var/run/docker.sock";

    public static PostgresCandidate FromEnvironment { get; } = new("environment", _ =>
    {
        var connectionString = Environment.GetEnvironmentVariable(PostgresServer.Variable);
        return Task.FromResult(string.IsNullOrEmpty(connectionString)
            ? new PostgresOffer(null, $"{PostgresServer.Variable} is not set", null)
            : new PostgresOffer(connectionString, PostgresServer.Variable, null));
    });

    public static PostgresCandidate FromContainer { get; } = new("container", async cancellationToken =>
    {
        if (await WhyNoEngineAsync(cancellationToken).ConfigureAwait(false) is { } reason)
            return new(null, reason, null);

        var container = new PostgreSqlBuilder(ContainerImage).Build();
        try
        {
            await container.StartAsync(cancellationToken).ConfigureAwait(false);
            return new(container.GetConnectionString(), ContainerImage, container);
        }
        catch
        {
            await container.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    });

    public static PostgresCandidate FromInstalled { get; } = new("installed", async cancellationToken =>
        PostgresBinaries.FindInstalled() is { } binaries
            ? await PostgresCluster.StartAsync(binaries, cancellationToken).ConfigureAwait(false)
            : new(null, "no postgres in /usr/lib/postgresql or PATH", null));

    public static PostgresCandidate FromPackages { get; } = new("Debian packages", async cancellationToken =>
    {
        var binaries = await PostgresBinaries.FetchAsync(cancellationToken).ConfigureAwait(false);
        return binaries.IsOk
            ? await PostgresCluster.StartAsync(binaries.Value, cancellationToken).ConfigureAwait(false)
            : new(null, binaries.Error.ToString(), null);
    });

    /// <summary>Only asks whether the engine's socket takes a connection: Testcontainers would try for much longer.</summary>
    private static async Task<string?> WhyNoEngineAsync(CancellationToken cancellationToken)
    {
        var host = Environment.GetEnvironmentVariable("DOCKER_HOST");
        if (!string.IsNullOrEmpty(host) && !host.StartsWith("unix://", StringComparison.Ordinal))
            return null;
        var path = string.IsNullOrEmpty(host) ? DockerSocket : host["unix://".Length..];
        if (!File.Exists(path))
            return $"no container engine at {path}";
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (SocketException e)
        {
            return $"the container engine at {path} doesn't answer: {e.Message}";
        }
    }
}
