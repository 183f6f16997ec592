using CloudLab.ControlPlane.Images.Building;
using CloudLab.ControlPlane.Images.Debian;
using CloudLab.Testing;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Images;

/// <summary>What the sandbox makes of apt's answers. The tools here are scripts that answer as apt was seen to.</summary>
public sealed class AptSandboxTests : IDisposable
{
    private const string Stanza =
        """
        Package: busybox-static
        Version: 1:1.37.0-6+b9
        Architecture: riscv64
        Depends: libc6 (>= 2.41), libfoo:any | libbar
        Filename: pool/main/b/busybox/busybox-static_1.37.0-6+b9_riscv64.deb
        Size: 5
        SHA256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
        Description: Standalone rescue shell
         Version: not this
        """;

    private readonly TempDirectory _temp = new();

    public AptSandboxTests()
    {
        Directory.CreateDirectory(_temp["bin"]);
        File.WriteAllText(_temp["keyring"], "");
        Tool("apt-config", "echo 'Acquire::http::Proxy \"http://proxy.example:3128\";'; echo 'Acquire::Languages:: \"de\";'; echo 'APT::Update::Post-Invoke:: \"rm\";'");
        Tool("apt-cache", $"cat <<'END'\n{Stanza}\nEND");
        Tool("apt-get", "case $1 in indextargets) echo 'Debian|main|bookworm|http://mirror.example/debian/';; esac");
        Tool("dpkg-deb", "exit 2");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task A_host_without_apt_is_told_what_to_do()
    {
        var opened = await AptSandbox.OpenAsync(Options() with { SearchPath = _temp["nowhere"] }, Token);
        Assert.Equal(BuildErrorCode.AptMissing, opened.Error?.Code);
        Assert.Contains("images import", opened.Error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_without_Debian_s_keys_is_told_which_package_has_them()
    {
        var opened = await AptSandbox.OpenAsync(Options() with { Keyrings = [_temp["none"]] }, Token);
        Assert.Equal(BuildErrorCode.KeyringMissing, opened.Error?.Code);
        Assert.Contains("debian-archive-keyring", opened.Error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_with_other_sources_only_has_no_mirror()
    {
        Tool("apt-get", "echo 'Ubuntu|main|noble|http://mirror.example/ubuntu/'");
        var opened = await AptSandbox.OpenAsync(Options(), Token);
        Assert.Equal(BuildErrorCode.NoMirror, opened.Error?.Code);
        Assert.Contains("--apt-mirror", opened.Error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_configuration_takes_the_host_s_proxy_and_nothing_that_could_change_what_is_fetched()
    {
        Assert.True((await AptSandbox.OpenAsync(Options(), Token)).IsOk);
        var configuration = await File.ReadAllTextAsync(_temp["apt/etc/apt.conf"], Token);
        Assert.Contains("Acquire::http::Proxy \"http://proxy.example:3128\";", configuration, StringComparison.Ordinal);
        Assert.DoesNotContain("\"de\"", configuration, StringComparison.Ordinal);
        Assert.DoesNotContain("Post-Invoke", configuration, StringComparison.Ordinal);
        Assert.Contains($"Dir::State \"{_temp["apt/state"]}\";", configuration, StringComparison.Ordinal);
        var sources = await File.ReadAllTextAsync(_temp["apt/etc/debian.sources"], Token);
        Assert.Contains("URIs: http://mirror.example/debian/\nSuites: trixie\n", sources, StringComparison.Ordinal);
        Assert.Contains($"Signed-By: {_temp["keyring"]}\n", sources, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        BuildErrorCode.MirrorUnavailable, 0,
        "W: Failed to fetch http://mirror.example/debian/dists/trixie/InRelease  Temporary failure resolving 'mirror.example'\nW: Some index files failed to download. They have been ignored, or old ones used instead.")]
    [InlineData(
        BuildErrorCode.MirrorUnavailable, 100,
        "E: Failed to fetch http://mirror.example/pool/l/linux.deb  Hash Sum mismatch")]
    [InlineData(
        BuildErrorCode.MirrorUnavailable, 100,
        "E: The repository 'http://mirror.example/debian trixie Release' does not have a Release file.")]
    [InlineData(
        BuildErrorCode.SignatureInvalid, 100,
        "W: GPG error: http://mirror.example/debian trixie InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 6ED0E7B82643E131\nE: The repository 'http://mirror.example/debian trixie InRelease' is not signed.")]
    [InlineData(
        BuildErrorCode.SignatureInvalid, 100,
        "E: Release file for http://mirror.example/debian/dists/trixie/InRelease is not valid yet (invalid for another 3h). Updates for this repository will not be applied.")]
    [InlineData(BuildErrorCode.SignatureInvalid, 0, "W: GPG error: http://mirror.example/debian trixie InRelease: BADSIG 6ED0E7B82643E131")]
    [InlineData(BuildErrorCode.DiskFull, 100, "E: Write error - write (28: No space left on device)")]
    [InlineData(BuildErrorCode.ToolFailed, 100, "E: Could not get lock /x/lists/lock. It is held by process 7 (apt-get)")]
    public async Task An_update_that_failed_says_why(BuildErrorCode expected, int exitCode, string words)
    {
        var sandbox = await OpenAsync();
        Tool("apt-get", $"cat >&2 <<'END'\n{words}\nEND\nexit {exitCode}");
        var error = await sandbox.UpdateAsync(null, Token);
        Assert.Equal(expected, error?.Code);
        Assert.Contains(words[..40], error?.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mirror_without_the_suite_is_told_from_one_that_is_away()
    {
        var sandbox = await OpenAsync();
        Tool("apt-get", "echo \"E: The repository 'http://mirror.example/debian trixie Release' does not have a Release file.\" >&2; exit 100");
        Assert.Contains("no suite 'trixie'", (await sandbox.UpdateAsync(null, Token))?.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("trixie", true)]
    [InlineData("forky", false)]
    public async Task A_mirror_that_is_being_updated_is_asked_by_the_suite_s_other_name_which_must_be_the_same_suite(string codename, bool works)
    {
        var sandbox = await OpenAsync();
        string lists = _temp["apt/state/lists"];
        Tool("apt-get", $$"""
            if ! grep -q 'Suites: stable' '{{_temp["apt/etc/debian.sources"]}}'; then
                echo 'E: Failed to fetch http://mirror.example/debian/dists/trixie/main/binary-riscv64/Packages.xz  File has unexpected size' >&2
                exit 100
            fi
            printf 'Origin: Debian\nSuite: stable\nCodename: {{codename}}\n' >'{{lists}}/mirror.example_debian_dists_stable_InRelease'
            """);

        var error = await sandbox.UpdateAsync(null, Token);

        Assert.Equal(works, error is null);
        if (!works) Assert.Equal(BuildErrorCode.MirrorUnavailable, error?.Code);
        string sources = await File.ReadAllTextAsync(_temp["apt/etc/debian.sources"], Token);
        Assert.Contains(works ? "Suites: stable" : "Suites: trixie", sources, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_is_read_from_apt_s_status_lines()
    {
        var sandbox = await OpenAsync();
        Tool("apt-get", "echo 'Get:1 http://mirror.example'; echo 'dlstatus:1:14.5:Retrieving file 1 of 3'; echo 'dlstatus:3:bad:x'; echo 'dlstatus:3:100.0:Retrieving file 3 of 3'");
        var seen = new Reports();
        Assert.Null(await sandbox.UpdateAsync(seen, Token));
        Assert.Equal([0, 14.5, 100], seen.Select(p => p.Percent));
        Assert.All(seen, p => Assert.Equal(BuildStep.Index, p.Step));
    }

    [Fact]
    public async Task A_package_is_what_the_index_says()
    {
        var package = (await (await OpenAsync()).ShowAsync("busybox-static", Token)).Value!;
        Assert.Equal("busybox-static_1%3a1.37.0-6+b9_riscv64.deb", package.FileName);
        Assert.Equal(["libc6", "libfoo"], package.Depends);
        Assert.Equal(5, package.Size);
    }

    [Fact]
    public async Task A_package_that_is_not_in_the_index_is_not_found()
    {
        var sandbox = await OpenAsync();
        Tool("apt-cache", "echo 'E: No packages found' >&2; exit 100");
        Assert.Equal(BuildErrorCode.PackageNotFound, (await sandbox.ShowAsync("nothing", Token)).Error?.Code);
    }

    [Fact]
    public async Task What_is_in_the_cache_and_unchanged_is_not_fetched_again()
    {
        var sandbox = await OpenAsync();
        var package = (await sandbox.ShowAsync("busybox-static", Token)).Value!;
        Tool("apt-get", $"echo x >>{_temp["calls"]}; printf hello >'{package.FileName}'");

        Assert.True((await sandbox.DownloadAsync([package], null, Token)).IsOk);
        Assert.True((await sandbox.DownloadAsync([package], null, Token)).IsOk);
        Assert.Single(await File.ReadAllLinesAsync(_temp["calls"], Token));

        await File.WriteAllTextAsync(Path.Combine(sandbox.PackageDirectory, package.FileName), "hellO", Token);
        Assert.True((await sandbox.DownloadAsync([package], null, Token)).IsOk);
        Assert.Equal(2, (await File.ReadAllLinesAsync(_temp["calls"], Token)).Length);
    }

    [Fact]
    public async Task A_package_that_cannot_be_unpacked_is_unusable()
    {
        Tool("dpkg-deb", "echo 'dpkg-deb: error: not a Debian format archive' >&2; exit 2");
        var read = await DebArchive.ReadAsync(_temp["keyring"], SearchPath, _ => true, Token);
        Assert.Equal(BuildErrorCode.PackageUnusable, read.Error?.Code);

        Tool("dpkg-deb", "printf 'no tar archive'");
        read = await DebArchive.ReadAsync(_temp["keyring"], SearchPath, _ => true, Token);
        Assert.Equal(BuildErrorCode.PackageUnusable, read.Error?.Code);
    }

    [Fact]
    public async Task Giving_up_ends_apt()
    {
        var sandbox = await OpenAsync();
        Tool("apt-get", $"echo $$ >{_temp["pid"]}; echo started; exec sleep 1000");
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var update = sandbox.UpdateAsync(null, cancel.Token);
        while (!File.Exists(_temp["pid"]) || File.ReadAllText(_temp["pid"]).Length == 0)
            await Task.Yield();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => update);
        var process = $"/proc/{File.ReadAllText(_temp["pid"]).Trim()}/stat";
        Assert.True(!File.Exists(process) || File.ReadAllText(process).Contains(") Z ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_failed_build_leaves_the_image_that_was_there()
    {
        Directory.CreateDirectory(_temp["image"]);
        await File.WriteAllTextAsync(_temp["image/kernel"], "old", Token);
        Tool("apt-get", "case $1 in indextargets) echo 'Debian|main|bookworm|http://mirror.example/debian/';; *) echo 'E: Failed to fetch' >&2; exit 100;; esac");
        var built = await GuestImageBuilder.BuildAsync(
            new() { TargetDirectory = _temp["image"], CacheDirectory = _temp["apt"], SearchPath = SearchPath }, null, Token);
        // Which of the two depends on whether the host has Debian's keyring.
        Assert.Contains(built.Error!.Code, (BuildErrorCode[])[BuildErrorCode.MirrorUnavailable, BuildErrorCode.KeyringMissing]);
        Assert.Equal("old", await File.ReadAllTextAsync(_temp["image/kernel"], Token));
    }

    private string SearchPath => $"{_temp["bin"]}:/usr/bin:/bin";

    private AptSandboxOptions Options() => new()
    {
        Directory = _temp["apt"],
        Architecture = "riscv64",
        SearchPath = SearchPath,
        Keyrings = [_temp["keyring"]],
    };

    private async Task<AptSandbox> OpenAsync()
    {
        var opened = await AptSandbox.OpenAsync(Options(), Token);
        Assert.True(opened.IsOk, opened.Error?.ToString());
        return opened.Value;
    }

    private void Tool(string name, string script)
    {
        var path = Path.Combine(_temp["bin"], name);
        // A new file each time: writing one that is being executed fails.
        File.Delete(path);
        File.WriteAllText(path, "#!/bin/sh\n" + script + "\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }

    private sealed class Reports : List<BuildProgress>, IProgress<BuildProgress>
    {
        public void Report(BuildProgress value) => Add(value);
    }
}
