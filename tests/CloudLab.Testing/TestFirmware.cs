using CloudLab.ControlPlane.Images.Building;
using CloudLab.ControlPlane.Images.Debian;

namespace CloudLab.Testing;

/// <summary>Firmware that others wrote, from Debian's packages, fetched once and kept: what a real machine is booted with.</summary>
public static class TestFirmware
{
    /// <summary>OpenSBI that enters its payload at 0x8020_0000: runs in M-mode at the start of RAM.</summary>
    public static Task<string> OpenSbiAsync(CancellationToken cancellationToken) =>
        GetAsync("opensbi", "riscv64-linux-gnu/opensbi/generic/fw_jump.bin", cancellationToken);

    /// <summary>U-Boot as a payload of SBI firmware, for QEMU's <c>virt</c> machine.</summary>
    public static Task<string> UBootAsync(CancellationToken cancellationToken) =>
        GetAsync("u-boot-qemu", "qemu-riscv64_smode/u-boot.bin", cancellationToken);

    /// <returns>The path of the file.</returns>
    /// <exception cref="InvalidOperationException">The package cannot be had here; the message says why.</exception>
    private static async Task<string> GetAsync(string package, string file, CancellationToken cancellationToken)
    {
        var cache = TestCache.Directory("test-firmware");
        using var held = await TestCache.HoldAsync(Path.Combine(cache, "lock"), cancellationToken).ConfigureAwait(false);
        var target = Path.Combine(cache, file.Replace('/', '-'));
        if (File.Exists(target))
            return target;

        var fetched = await FetchAsync(Path.Combine(cache, "apt"), package, file, cancellationToken).ConfigureAwait(false);
        if (!fetched.IsOk)
            throw new InvalidOperationException($"{package} cannot be fetched here: {fetched.Error.Message}");
        var draft = target + ".new";
        await File.WriteAllBytesAsync(draft, fetched.Value, cancellationToken).ConfigureAwait(false);
        File.Move(draft, target, overwrite: true);
        return target;
    }

    private static async Task<BuildResult<byte[]>> FetchAsync(
        string directory, string package, string file, CancellationToken cancellationToken)
    {
        // Packages for all architectures; amd64's index lists them like any other.
        var options = new AptSandboxOptions { Directory = directory, Architecture = "amd64" };
        var apt = await AptSandbox.OpenAsync(options, cancellationToken).ConfigureAwait(false);
        if (!apt.IsOk)
            return apt.Error;
        if (await apt.Value.UpdateAsync(null, cancellationToken).ConfigureAwait(false) is { } error)
            return error;
        var shown = await apt.Value.ShowAsync(package, cancellationToken).ConfigureAwait(false);
        if (!shown.IsOk)
            return shown.Error;
        var downloaded = await apt.Value.DownloadAsync([shown.Value], null, cancellationToken).ConfigureAwait(false);
        if (!downloaded.IsOk)
            return downloaded.Error;
        var read = await DebArchive.ReadAsync(
            downloaded.Value[0], apt.Value.SearchPath, path => path.EndsWith(file, StringComparison.Ordinal), cancellationToken)
            .ConfigureAwait(false);
        if (!read.IsOk)
            return read.Error;
        return read.Value.Count == 1
            ? read.Value.Values.First()
            : new BuildError(BuildErrorCode.PackageUnusable, $"{package} has no {file}.");
    }
}
