using System.Diagnostics;
using CloudLab.ControlPlane.Images.Debian;
using Npgsql;

namespace CloudLab.Testing;

/// <summary>A temporary cluster: made, run and removed again by an ordinary user, reachable only by a socket in its own directory.</summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private const string EndedFile = "ended";

    /// <summary>Nothing a test writes needs to survive; many connections because every test has a pool of its own.</summary>
    private static readonly string[] Settings =
        ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300", "listen_addresses="];

    /// <summary>
    /// Runs the server until standard input ends, which it does when the test process closes it or is gone, then removes all.
    /// (PR_SET_PDEATHSIG wouldn't do: it follows the thread that started the server, and pool threads come and go.)
    /// A job in the background has no standard input of its own, therefore descriptor 3.
    /// </summary>
    private const string Watcher =
        $"""
        exec 3<&0
        directory=$1; shift
        "$@" >"$directory/log" 2>&1 </dev/null 3<&- &
        server=$!
        (cat <&3 >/dev/null; kill -QUIT $server) 2>/dev/null &
        wait $server
        : >"$directory/{EndedFile}"
        cat <&3 >/dev/null
        cd /
        rm -rf "$directory"
        """;

    private readonly Process _watcher;
    private readonly string _directory;

    private PostgresCluster(Process watcher, string directory)
    {
        _watcher = watcher;
        _directory = directory;
    }

    private string ConnectionString => $"Host={_directory};Username=cloudlab;Database=postgres;Timeout=30";

    /// <summary>The watcher outlives the server, so that its log can be read.</summary>
    private bool HasEnded => _watcher.HasExited || File.Exists(Path.Combine(_directory, EndedFile));

    public static async Task<PostgresOffer> StartAsync(PostgresBinaries binaries, CancellationToken cancellationToken)
    {
        var user = await UnprivilegedPrefixAsync(cancellationToken).ConfigureAwait(false);
        if (user is null)
            return new(null, "PostgreSQL refuses to run as root, and there is neither setpriv nor a user 'postgres' or 'nobody'", null);
        // Not TMPDIR: a socket's path may have 107 bytes at most.
        var (code, directory) = await RunAsync([.. user, "mktemp", "-d", "/tmp/cloudlab-pg-XXXXXX"], "", cancellationToken)
            .ConfigureAwait(false);
        if (code != 0)
            return new(null, $"no temporary directory: {directory}", null);

        var data = Path.Combine(directory, "data");
        (code, var output) = await RunAsync(
            [
                .. user, Path.Combine(binaries.Directory, "initdb"), "--pgdata", data, "--username", "cloudlab",
                "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync",
            ],
            binaries.LibraryPath,
            cancellationToken).ConfigureAwait(false);
        if (code != 0)
        {
            await RunAsync([.. user, "rm", "-rf", directory], "", CancellationToken.None).ConfigureAwait(false);
            return new(null, $"initdb of {binaries.Directory} failed: {output}", null);
        }

        string[] command =
        [
            .. user, "sh", "-c", Watcher, "watcher", directory,
            Path.Combine(binaries.Directory, "postgres"), "-D", data, "-k", directory,
            .. Settings.SelectMany(s => (string[])["-c", s]),
        ];
        var watcher = Process.Start(StartInfo(command, binaries.LibraryPath))!;
        var cluster = new PostgresCluster(watcher, directory);
        try
        {
            if (await cluster.WaitUntilReadyAsync(cancellationToken).ConfigureAwait(false) is { } problem)
            {
                await cluster.DisposeAsync().ConfigureAwait(false);
                return new(null, problem, null);
            }
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return new(cluster.ConnectionString, binaries.Directory, cluster);
    }

    public async ValueTask DisposeAsync()
    {
        _watcher.StandardInput.Close();
        await _watcher.WaitForExitAsync().ConfigureAwait(false);
        _watcher.Dispose();
    }

    /// <summary>Waits until the server takes connections; null when it does, else what it said.</summary>
    private async Task<string?> WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
                await connection.OpenAsync(deadline.Token).ConfigureAwait(false);
                return null;
            }
            catch (NpgsqlException) when (!HasEnded && !deadline.IsCancellationRequested)
            {
                await timer.WaitForNextTickAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is NpgsqlException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                var log = Path.Combine(_directory, "log");
                return "the server didn't start: "
                    + (File.Exists(log) ? await File.ReadAllTextAsync(log, cancellationToken).ConfigureAwait(false) : e.Message);
            }
        }
    }

    /// <summary>What to put before a command so that an ordinary user runs it: nothing, unless we are root.</summary>
    private static async Task<string[]?> UnprivilegedPrefixAsync(CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
            return [];
        foreach (var name in (ReadOnlySpan<string>)["postgres", "nobody"])
        {
            var user = Array.Find(
                File.ReadAllLines("/etc/passwd"), line => line.StartsWith(name + ":", StringComparison.Ordinal))?.Split(':');
            if (user is [_, _, var uid, var gid, ..])
                return await ProbeAsync(uid, gid, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    private static async Task<string[]?> ProbeAsync(string uid, string gid, CancellationToken cancellationToken)
    {
        string[] prefix = ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups"];
        var (code, _) = await RunAsync([.. prefix, "true"], "", cancellationToken).ConfigureAwait(false);
        return code == 0 ? prefix : null;
    }

    private static async Task<(int Code, string Output)> RunAsync(
        string[] command, string libraryPath, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        var path = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/bin:/bin";
        var outcome = await HostTool.RunAsync(
            new(command[0], path, command[1..]) { WorkingDirectory = "/", Environment = EnvironmentWith(libraryPath) },
            lines.Add,
            cancellationToken).ConfigureAwait(false);
        return (outcome.ExitCode, outcome.ExitCode == 0 ? string.Join('\n', lines) : outcome.Errors);
    }

    private static ProcessStartInfo StartInfo(string[] command, string libraryPath)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, WorkingDirectory = "/" };
        foreach (var (name, value) in EnvironmentWith(libraryPath))
            start.Environment[name] = value;
        return start;
    }

    private static Dictionary<string, string> EnvironmentWith(string libraryPath) =>
        libraryPath.Length == 0 ? [] : new() { ["LD_LIBRARY_PATH"] = libraryPath };
}
