using System.Globalization;
using System.Security.Cryptography;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.Storage.Files;

namespace CloudLab.ControlPlane.Images.Debian;

/// <summary>Debian packages by the host's own apt, in private directories: no root, and the host's apt state stays as it is.</summary>
/// <remarks>
/// apt does what it is good at (mirrors, proxies, signatures, versions, dependencies); lists, cache, status and configuration are
/// ours. Nothing is installed: the .deb files land in a directory. Not safe for concurrent use; one sandbox per directory.
/// </remarks>
public sealed class AptSandbox
{
    private readonly AptSandboxOptions _options;
    private readonly string _root;
    private readonly string _searchPath;
    private string _mirror = "";
    private string _keyring = "";

    private AptSandbox(AptSandboxOptions options, string root, string searchPath)
    {
        _options = options;
        _root = root;
        _searchPath = searchPath;
    }

    /// <summary>Where downloaded packages are.</summary>
    public string PackageDirectory => Path.Combine(_root, "packages");

    internal string RootDirectory => _root;

    internal string SearchPath => _searchPath;

    /// <summary>Finds the host's apt, keyring and mirror and writes the private configuration. Fetches nothing.</summary>
    public static async Task<BuildResult<AptSandbox>> OpenAsync(AptSandboxOptions options, CancellationToken cancellationToken)
    {
        var searchPath = options.SearchPath
            ?? $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/usr/bin:/sbin:/bin";
        foreach (var tool in (ReadOnlySpan<string>)["apt-get", "apt-cache", "apt-config", "dpkg-deb"])
        {
            if (HostTool.Find(tool, searchPath) is null)
            {
                return new BuildError(
                    BuildErrorCode.AptMissing,
                    $"This host has no {tool}, so Debian packages can't be fetched here. Build the image on a Debian machine,"
                    + " `images export` it there and `images import` it here, or use the container image.");
            }
        }

        var keyring = options.Keyrings.FirstOrDefault(File.Exists);
        if (keyring is null)
        {
            return new BuildError(
                BuildErrorCode.KeyringMissing,
                "This host has no Debian archive keyring to check signatures with. Install the package debian-archive-keyring.");
        }

        var sandbox = new AptSandbox(options, Path.GetFullPath(options.Directory), searchPath);
        var mirror = await sandbox.FindMirrorAsync(cancellationToken).ConfigureAwait(false);
        if (!mirror.IsOk)
            return mirror.Error;
        return await sandbox.WriteConfigurationAsync(mirror.Value, keyring, cancellationToken).ConfigureAwait(false) is { } error
            ? error
            : sandbox;
    }

    /// <summary>Fetches the mirror's index and checks its signature. Cheap when nothing changed since.</summary>
    /// <remarks>
    /// A mirror that is being updated, or whose cache has an old index beside a new signature, is useless for hours under one
    /// name of the suite and often whole under its other: that one is tried then, and counts if it is the same suite.
    /// </remarks>
    public async Task<BuildError?> UpdateAsync(IProgress<BuildProgress>? progress, CancellationToken cancellationToken)
    {
        BuildError? error = await UpdateAsync(_options.Suite, progress, cancellationToken).ConfigureAwait(false);
        if (error?.Code != BuildErrorCode.MirrorUnavailable)
            return error;
        foreach (var alias in AptSuite.Aliases)
        {
            await WriteSourcesAsync(alias, cancellationToken).ConfigureAwait(false);
            if (await UpdateAsync(alias, progress, cancellationToken).ConfigureAwait(false) is null
                && AptSuite.IsListed(Path.Combine(_root, "state/lists"), alias, _options.Suite))
                return null;
        }

        await WriteSourcesAsync(_options.Suite, cancellationToken).ConfigureAwait(false);
        return error;
    }

    private async Task<BuildError?> UpdateAsync(string suite, IProgress<BuildProgress>? progress, CancellationToken cancellationToken)
    {
        progress?.Report(new(BuildStep.Index, 0, $"Asking the mirror for Debian {suite}, {_options.Architecture}"));
        return await RunAsync(
            "fetching the index", Progress(progress, BuildStep.Index, "Fetching the package index"), cancellationToken,
            "apt-get", "update", "-o", "APT::Status-Fd=1", "-o", "APT::Update::Error-Mode=any").ConfigureAwait(false);
    }

    /// <summary>What the index says of a package's newest version.</summary>
    public async Task<BuildResult<AptPackage>> ShowAsync(string name, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        var error = await RunAsync(
            $"looking up {name}", lines.Add, cancellationToken, "apt-cache", "show", "--no-all-versions", "--", name)
            .ConfigureAwait(false);
        if (error is not null)
            return error;
        return AptPackage.Parse(lines) is { } package
            ? package
            : new BuildError(BuildErrorCode.PackageNotFound, $"The mirror's index has no usable entry for '{name}'.");
    }

    /// <summary>Fetches exactly these packages into <see cref="PackageDirectory"/>; those that are there are only checked.</summary>
    /// <returns>Their files, in the order of <paramref name="packages"/>.</returns>
    public async Task<BuildResult<IReadOnlyList<string>>> DownloadAsync(
        IReadOnlyList<AptPackage> packages, IProgress<BuildProgress>? progress, CancellationToken cancellationToken)
    {
        var missing = new List<AptPackage>();
        foreach (var package in packages)
        {
            if (!await IsCachedAsync(package, cancellationToken).ConfigureAwait(false))
                missing.Add(package);
        }

        if (missing.Count > 0)
        {
            var message = $"Fetching {string.Join(", ", missing.Select(p => p.Name))}"
                + string.Create(CultureInfo.InvariantCulture, $" ({missing.Sum(p => p.Size) / 1e6:F0} MB)");
            progress?.Report(new(BuildStep.Download, 0, message));
            var error = await RunAsync(
                "fetching packages", Progress(progress, BuildStep.Download, message), cancellationToken,
                ["apt-get", "download", "-o", "APT::Status-Fd=1", "--", .. missing.Select(p => $"{p.Name}={p.Version}")])
                .ConfigureAwait(false);
            if (error is not null)
                return error;
        }

        // apt has compared the files with the signed index; this is about whether they are where we think.
        var files = packages.Select(p => Path.Combine(PackageDirectory, p.FileName)).ToArray();
        return Array.Find(files, file => !File.Exists(file)) is { } absent
            ? new BuildError(BuildErrorCode.ToolFailed, $"apt-get said it had fetched '{Path.GetFileName(absent)}' but did not.")
            : files;
    }

    /// <summary>Fetches a package and what it needs beyond <see cref="AptSandboxOptions.StatusFile"/>.</summary>
    /// <returns>The files of all of them, sorted by name.</returns>
    public async Task<BuildResult<IReadOnlyList<string>>> DownloadWithDependenciesAsync(
        string name, IProgress<BuildProgress>? progress, CancellationToken cancellationToken)
    {
        var archives = Path.Combine(_root, "cache", "archives");
        foreach (var old in Directory.EnumerateFiles(archives, "*.deb"))
            File.Delete(old);
        var error = await RunAsync(
            $"fetching {name}", Progress(progress, BuildStep.Download, $"Fetching {name}"), cancellationToken,
            "apt-get", "install", "--download-only", "--yes", "--no-install-recommends", "-o", "APT::Status-Fd=1", "--", name)
            .ConfigureAwait(false);
        if (error is not null)
            return error;
        string[] files = [.. Directory.EnumerateFiles(archives, "*.deb").Order(StringComparer.Ordinal)];
        return files.Length > 0
            ? files
            : new BuildError(BuildErrorCode.PackageNotFound, $"apt-get fetched nothing for '{name}': is it installed already?");
    }

    private async Task<BuildResult<string>> FindMirrorAsync(CancellationToken cancellationToken)
    {
        if (_options.MirrorUrl is { } url)
        {
            return AptMirror.IsUsable(url)
                ? url
                : new BuildError(BuildErrorCode.NoMirror, $"'{url}' is not the URL of a Debian mirror.");
        }

        foreach (var releaseInfo in (string[])["--release-info", "--no-release-info"])
        {
            var lines = new List<string>();
            await HostTool.RunAsync(
                new("apt-get", _searchPath, "indextargets", releaseInfo, "--format", AptMirror.Format, AptMirror.Filter),
                lines.Add,
                cancellationToken).ConfigureAwait(false);
            if (AptMirror.Choose(lines) is { } mirror)
                return mirror;
        }

        return new BuildError(
            BuildErrorCode.NoMirror, "This host's apt has no Debian mirror configured. Name one with --apt-mirror URL.");
    }

    private async Task<BuildError?> WriteConfigurationAsync(string mirror, string keyring, CancellationToken cancellationToken)
    {
        if (_root.AsSpan().IndexOfAny("\"\n\\") >= 0)
            return new(BuildErrorCode.ToolFailed, $"apt can't work in '{_root}': the name has a quote, backslash or line break.");

        var hostSettings = new List<string>();
        await HostTool.RunAsync(new("apt-config", _searchPath, "dump"), hostSettings.Add, cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var directory in (ReadOnlySpan<string>)
                ["etc/none.d", "state/lists/partial", "cache/archives/partial", "log", "packages"])
                Directory.CreateDirectory(Path.Combine(_root, directory));
            await File.WriteAllTextAsync(
                ConfigurationFile,
                AptConfiguration.Compose(_root, _options.Architecture, hostSettings, Environment.IsPrivilegedProcess),
                cancellationToken).ConfigureAwait(false);
            (_mirror, _keyring) = (mirror, keyring);
            await WriteSourcesAsync(_options.Suite, cancellationToken).ConfigureAwait(false);
            var status = _options.StatusFile is { } file
                ? await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false)
                : "";
            await File.WriteAllTextAsync(Path.Combine(_root, "state/status"), status, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (IOException e) when (DiskFaults.IsFull(e))
        {
            return BuildError.DiskFull(_root);
        }
    }

    private Task WriteSourcesAsync(string suite, CancellationToken cancellationToken) => File.WriteAllTextAsync(
        Path.Combine(_root, "etc/debian.sources"),
        AptConfiguration.ComposeSources(_mirror, suite, _options.Architecture, _keyring),
        cancellationToken);

    private string ConfigurationFile => Path.Combine(_root, "etc/apt.conf");

    private async Task<BuildError?> RunAsync(
        string doing, Action<string> onLine, CancellationToken cancellationToken, params IReadOnlyList<string> command)
    {
        var outcome = await HostTool.RunAsync(
            new(command[0], _searchPath, [.. command.Skip(1)])
            {
                WorkingDirectory = PackageDirectory,
                Environment = new Dictionary<string, string> { ["APT_CONFIG"] = ConfigurationFile },
            },
            onLine,
            cancellationToken).ConfigureAwait(false);
        return AptFailure.Of(outcome, doing, _options);
    }

    private async Task<bool> IsCachedAsync(AptPackage package, CancellationToken cancellationToken)
    {
        var file = new FileInfo(Path.Combine(PackageDirectory, package.FileName));
        if (!file.Exists || file.Length != package.Size)
            return false;
        var stream = file.OpenRead();
        await using (stream.ConfigureAwait(false))
        {
            var hash = await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false);
            return Convert.ToHexStringLower(hash) == package.Sha256;
        }
    }

    /// <summary>apt's status lines are <c>dlstatus:item:percent:text</c>.</summary>
    private static Action<string> Progress(IProgress<BuildProgress>? progress, BuildStep step, string message) => line =>
    {
        if (progress is not null && line.StartsWith("dlstatus:", StringComparison.Ordinal)
            && line.Split(':', 4) is [_, _, var percent, _]
            && double.TryParse(percent, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            progress.Report(new(step, Math.Clamp(value, 0, 100), message));
    };
}
