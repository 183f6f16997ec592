using System.Security.Cryptography;
using CloudLab.ControlPlane.Images.Debian;
using CloudLab.Storage.Files;

namespace CloudLab.ControlPlane.Images.Building;

/// <summary>Builds <c>cloudlab-linux</c>: Debian's own riscv64 kernel and an initramfs of busybox, modules and our init.</summary>
/// <remarks>Index → download → unpack → assemble; nothing of the result counts before the last rename.</remarks>
public static class GuestImageBuilder
{
    /// <summary>The name of the built-in image.</summary>
    public const string ImageName = "cloudlab-linux";

    /// <summary>The command line the image starts with.</summary>
    /// <remarks>
    /// Measured on the stock kernel: the self tests, key rings and trace events left out here are five sixths of the
    /// instructions of a boot. <c>no4lvl</c> asks for Sv39; <c>psi=0</c> spares an idle guest the averages of its pressure every
    /// two seconds; <c>panic=-1</c> reboots at once, so that a panic is seen as one.
    /// </remarks>
    public const string CommandLine =
        "console=ttyS0 quiet no4lvl cryptomgr.notests initcall_blacklist=jent_mod_init,trace_eval_init,trace_eval_sync,"
        + "crypto_kdf108_init,blake2s_mod_init,load_system_certificate_list psi=0 panic=-1";

    private const string Architecture = "riscv64";
    private const string KernelPackage = "linux-image-riscv64";
    private const string BusyboxPackage = "busybox-static";
    private const string BusyboxPath = "bin/busybox";
    private const string KernelPrefix = "boot/vmlinux-";

    /// <summary>Index, kernel package, and the image itself, with a margin.</summary>
    private const long NeededBytes = 400L << 20;

    /// <summary>Builds the image. It takes about 15 s and 120 MB of download, much less with a filled cache.</summary>
    /// <returns>The image, or what kept it from being built; then the target is as it was.</returns>
    /// <exception cref="OperationCanceledException">Cancelled: tools are ended, the target is as it was.</exception>
    public static async Task<BuildResult<BuiltImage>> BuildAsync(
        GuestImageOptions options, IProgress<BuildProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(options.CacheDirectory);
            if (new DriveInfo(Path.GetFullPath(options.CacheDirectory)).AvailableFreeSpace < NeededBytes)
                return BuildError.DiskFull(options.CacheDirectory);

            var packages = await FetchAsync(options, progress, cancellationToken).ConfigureAwait(false);
            if (!packages.IsOk)
                return packages.Error;
            progress?.Report(new(BuildStep.Unpack, 0, "Reading the kernel and its modules"));
            var parts = await UnpackAsync(packages.Value, cancellationToken).ConfigureAwait(false);
            if (!parts.IsOk)
                return parts.Error;
            progress?.Report(new(BuildStep.Assemble, 0, "Making the initramfs"));
            var image = await AssembleAsync(options, packages.Value, parts.Value, cancellationToken).ConfigureAwait(false);
            progress?.Report(new(BuildStep.Done, 100, $"{ImageName} is ready (Linux {parts.Value.Release})"));
            return image;
        }
        catch (IOException e) when (DiskFaults.IsFull(e))
        {
            return BuildError.DiskFull(options.TargetDirectory);
        }
        catch (InvalidDataException e)
        {
            return new BuildError(BuildErrorCode.PackageUnusable, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new BuildError(BuildErrorCode.ToolFailed, "The image's or the cache's directory can't be written.", e.Message);
        }
    }

    private static async Task<BuildResult<Packages>> FetchAsync(
        GuestImageOptions options, IProgress<BuildProgress>? progress, CancellationToken cancellationToken)
    {
        var opened = await AptSandbox.OpenAsync(
            new()
            {
                Directory = options.CacheDirectory,
                Architecture = Architecture,
                Suite = options.Suite,
                MirrorUrl = options.MirrorUrl,
                SearchPath = options.SearchPath,
            },
            cancellationToken).ConfigureAwait(false);
        if (!opened.IsOk)
            return opened.Error;
        var apt = opened.Value;
        if (await apt.UpdateAsync(progress, cancellationToken).ConfigureAwait(false) is { } error)
            return error;

        // The metapackage names the newest kernel of the suite; it has no files of its own.
        var latest = await apt.ShowAsync(KernelPackage, cancellationToken).ConfigureAwait(false);
        if (!latest.IsOk)
            return latest.Error;
        var name = latest.Value.Depends.FirstOrDefault(d => d.StartsWith("linux-image-", StringComparison.Ordinal));
        if (name is null)
            return new BuildError(BuildErrorCode.PackageUnusable, $"{KernelPackage} depends on no kernel.");
        var kernel = await apt.ShowAsync(name, cancellationToken).ConfigureAwait(false);
        if (!kernel.IsOk)
            return kernel.Error;
        var busybox = await apt.ShowAsync(BusyboxPackage, cancellationToken).ConfigureAwait(false);
        if (!busybox.IsOk)
            return busybox.Error;

        var files = await apt.DownloadAsync([kernel.Value, busybox.Value], progress, cancellationToken).ConfigureAwait(false);
        return files.IsOk
            ? new Packages(kernel.Value, files.Value[0], busybox.Value, files.Value[1], apt.SearchPath)
            : files.Error;
    }

    private static async Task<BuildResult<Parts>> UnpackAsync(Packages packages, CancellationToken cancellationToken)
    {
        var read = await DebArchive.ReadAsync(
            packages.KernelFile, packages.SearchPath, IsWantedOfKernel, cancellationToken).ConfigureAwait(false);
        if (!read.IsOk)
            return read.Error;
        var fromBusybox = await DebArchive.ReadAsync(
            packages.BusyboxFile, packages.SearchPath, path => path.EndsWith(BusyboxPath, StringComparison.Ordinal), cancellationToken)
            .ConfigureAwait(false);
        if (!fromBusybox.IsOk)
            return fromBusybox.Error;
        if (fromBusybox.Value.Count != 1)
            throw new InvalidDataException($"{BusyboxPackage} has no {BusyboxPath}.");

        var (kernelPath, kernel) = read.Value.FirstOrDefault(f => f.Key.StartsWith(KernelPrefix, StringComparison.Ordinal));
        if (kernel is null || !IsKernelImage(kernel))
            throw new InvalidDataException($"{packages.Kernel.Name} has no uncompressed kernel image.");
        var modules = new Dictionary<string, byte[]>();
        foreach (var (path, content) in read.Value)
        {
            if (ModuleName(path) is { } name)
                modules[name] = KernelModule.Prepare(content);
        }

        return Initramfs.Modules.FirstOrDefault(name => !modules.ContainsKey(name)) is { } missing
            ? throw new InvalidDataException($"{packages.Kernel.Name} has no module {missing}.")
            : new Parts(kernelPath[KernelPrefix.Length..], kernel, Initramfs.Compose(fromBusybox.Value.Values.First(), modules));
    }

    private static async Task<BuiltImage> AssembleAsync(
        GuestImageOptions options, Packages packages, Parts parts, CancellationToken cancellationToken)
    {
        var manifest = new GuestImageManifest
        {
            Format = GuestImageManifest.CurrentFormat,
            Name = ImageName,
            Architecture = Architecture,
            KernelRelease = parts.Release,
            CommandLine = CommandLine,
            Packages = new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                [packages.Kernel.Name] = packages.Kernel.Version,
                [packages.Busybox.Name] = packages.Busybox.Version,
            },
            Files = new SortedDictionary<string, GuestImageFile>(StringComparer.Ordinal)
            {
                [GuestImageManifest.KernelFile] = Describe(parts.Kernel),
                [GuestImageManifest.InitramfsFile] = Describe(parts.Initramfs),
            },
        };
        using var staged = StagedDirectory.Create(options.TargetDirectory);
        await staged.WriteAsync(GuestImageManifest.KernelFile, parts.Kernel, cancellationToken).ConfigureAwait(false);
        await staged.WriteAsync(GuestImageManifest.InitramfsFile, parts.Initramfs, cancellationToken).ConfigureAwait(false);
        await staged.WriteAsync(GuestImageManifest.FileName, manifest.ToJson(), cancellationToken).ConfigureAwait(false);
        staged.Commit();
        return new(options.TargetDirectory, manifest);
    }

    private static GuestImageFile Describe(byte[] content) =>
        new(content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));

    private static bool IsWantedOfKernel(string path) =>
        path.StartsWith(KernelPrefix, StringComparison.Ordinal)
        || (ModuleName(path) is { } name && Initramfs.Modules.Contains(name));

    /// <summary>The name of the module a package keeps at this path, or null.</summary>
    private static string? ModuleName(string path)
    {
        var file = Path.GetFileName(path);
        if (file.EndsWith(".xz", StringComparison.Ordinal))
            file = file[..^3];
        return file.EndsWith(".ko", StringComparison.Ordinal) && path.Contains("lib/modules/", StringComparison.Ordinal)
            ? file[..^3]
            : null;
    }

    /// <summary>Bytes 56–59 of a RISC-V <c>Image</c>: Documentation/arch/riscv/boot-image-header.rst.</summary>
    private static bool IsKernelImage(ReadOnlySpan<byte> kernel) =>
        kernel.Length > 64 && kernel[56..60].SequenceEqual("RSC\u0005"u8);

    private sealed record Packages(
        AptPackage Kernel, string KernelFile, AptPackage Busybox, string BusyboxFile, string SearchPath);

    private sealed record Parts(string Release, byte[] Kernel, byte[] Initramfs);
}
