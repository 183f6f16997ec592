using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.ControlPlane.Images.Debian;

namespace CloudLab.Testing;

/// <summary>Where the programs of a PostgreSQL are.</summary>
/// <param name="Directory">Holds initdb and postgres.</param>
/// <param name="LibraryPath">What LD_LIBRARY_PATH must be for them, or empty.</param>
internal sealed record PostgresBinaries(string Directory, string LibraryPath)
{
    private const string DebianDirectory = "/usr/lib/postgresql";

    /// <summary>The newest installed version, from Debian's place for them or from PATH.</summary>
    public static PostgresBinaries? FindInstalled()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        return NewestUnder(DebianDirectory) is { } directory
            ? new(directory, "")
            : HostTool.Find("initdb", path) is { } initdb
                && Path.GetDirectoryName(File.ResolveLinkTarget(initdb, returnFinalTarget: true)?.FullName ?? initdb) is { } real
                && File.Exists(Path.Combine(real, "postgres"))
            ? new(real, "")
            : null;
    }

    /// <summary>Fetches the PostgreSQL of the host's own Debian release, and of its libraries those that the host lacks.</summary>
    public static async Task<BuildResult<PostgresBinaries>> FetchAsync(CancellationToken cancellationToken)
    {
        if (HostSuite() is not { } suite)
            return new BuildError(BuildErrorCode.AptMissing, "This host isn't Debian.");
        var cache = TestCache.Directory("test-postgres", suite);

        // One unpacking at a time, also between the test assemblies that run at once.
        using var held = await TestCache.HoldAsync(Path.Combine(cache, "lock"), cancellationToken).ConfigureAwait(false);
        var target = Path.Combine(cache, "root");
        if (NewestUnder(target + DebianDirectory) is { } ready)
            return In(target, ready);

        var apt = await OpenAptAsync(cache, suite, cancellationToken).ConfigureAwait(false);
        if (!apt.IsOk)
            return apt.Error;
        if (await apt.Value.UpdateAsync(null, cancellationToken).ConfigureAwait(false) is { } updateError)
            return updateError;
        var latest = await apt.Value.ShowAsync("postgresql", cancellationToken).ConfigureAwait(false);
        if (!latest.IsOk)
            return latest.Error;
        var files = await apt.Value.DownloadWithDependenciesAsync(
            latest.Value.Depends.First(d => d.StartsWith("postgresql-", StringComparison.Ordinal)), null, cancellationToken)
            .ConfigureAwait(false);
        if (!files.IsOk)
            return files.Error;

        using (var staged = StagedDirectory.Create(target))
        {
            foreach (var file in files.Value)
            {
                if (await DebArchive.UnpackAsync(file, staged.Path, apt.Value.SearchPath, cancellationToken).ConfigureAwait(false)
                    is { } unpackError)
                    return unpackError;
            }

            staged.Commit();
        }

        // Lists and packages are several times what was unpacked, and not needed again.
        System.IO.Directory.Delete(apt.Value.RootDirectory, recursive: true);

        return NewestUnder(target + DebianDirectory) is { } fetched
            ? In(target, fetched)
            : new BuildError(BuildErrorCode.PackageUnusable, "Debian's package has no PostgreSQL in it.");
    }

    private static async Task<BuildResult<AptSandbox>> OpenAptAsync(string cache, string suite, CancellationToken cancellationToken)
    {
        // A server that is half there (its package installed, its files gone) must count as missing.
        var status = Path.Combine(cache, "status");
        var installed = await File.ReadAllTextAsync("/var/lib/dpkg/status", cancellationToken).ConfigureAwait(false);
        await File.WriteAllTextAsync(status, WithoutPostgres(installed), cancellationToken).ConfigureAwait(false);
        return await AptSandbox.OpenAsync(
            new()
            {
                Directory = Path.Combine(cache, "apt"),
                Architecture = DebianArchitecture(),
                Suite = suite,
                StatusFile = status,
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A dpkg status file without PostgreSQL's own packages. Its libraries stay: others that are installed depend on them.</summary>
    internal static string WithoutPostgres(string status)
    {
        var kept = new StringBuilder(status.Length);
        foreach (var stanza in status.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            if (!stanza.StartsWith("Package: postgresql", StringComparison.Ordinal))
                kept.Append(stanza).Append("\n\n");
        }

        return kept.ToString();
    }

    private static PostgresBinaries In(string root, string directory)
    {
        // Debian's libraries are in usr/lib/<triplet>; the triplets are known by what is there.
        var libraries = System.IO.Directory.EnumerateDirectories(Path.Combine(root, "usr/lib"), "*-linux-gnu*");
        return new(directory, string.Join(':', libraries.Order(StringComparer.Ordinal)));
    }

    private static string? NewestUnder(string directory)
    {
        if (!System.IO.Directory.Exists(directory))
            return null;
        return System.IO.Directory.EnumerateDirectories(directory)
            .Select(d => (Bin: Path.Combine(d, "bin"), Version: ParseVersion(Path.GetFileName(d))))
            .Where(d => File.Exists(Path.Combine(d.Bin, "initdb")) && File.Exists(Path.Combine(d.Bin, "postgres")))
            .OrderByDescending(d => d.Version)
            .Select(d => d.Bin)
            .FirstOrDefault();
    }

    private static int ParseVersion(string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;

    private static string? HostSuite()
    {
        const string OsRelease = "/etc/os-release";
        const string Key = "VERSION_CODENAME=";
        return File.Exists(OsRelease)
            ? File.ReadLines(OsRelease).FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal))?[Key.Length..].Trim('"')
            : null;
    }

    private static string DebianArchitecture() => RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.Arm64 => "arm64",
        Architecture.RiscV64 => "riscv64",
        var other => other.ToString().ToLowerInvariant(),
    };
}
