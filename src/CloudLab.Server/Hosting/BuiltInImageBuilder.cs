using System.Threading.Channels;
using CloudLab.ControlPlane;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Images.Building;
using CloudLab.Storage.Blobs;

namespace CloudLab.Server.Hosting;

/// <summary>
/// Makes the built-in image available: uses one that was built or imported before, or builds it, while the server
/// already answers. What goes wrong is the image's state, never the server's end; it is tried again when asked.
/// </summary>
internal sealed partial class BuiltInImageBuilder(
    ImageService images,
    IBlobStore blobs,
    ControlPlaneOptions controlPlane,
    ServerOptions options,
    DataDirectory directory,
    Readiness readiness,
    ImageBuildDisplay display,
    ILogger<BuiltInImageBuilder> logger) : BackgroundService
{
    private readonly Channel<bool> _requests =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Asks for a build; nothing when one waits already.</summary>
    public void Request() => _requests.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await TryAsync(rebuild: false, stoppingToken);
        await foreach (bool _ in _requests.Reader.ReadAllAsync(stoppingToken)) await TryAsync(rebuild: true, stoppingToken);
    }

    private async Task TryAsync(bool rebuild, CancellationToken cancellationToken)
    {
        try
        {
            await MakeAvailableAsync(rebuild, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A host's background service that throws stops the host; instances of other images, or that run, go on.
            Log.Broken(logger, e);
            readiness.Set(ImageState.Unavailable, "the guest image could not be made; the server's log says why");
        }
    }

    private async Task MakeAvailableAsync(bool rebuild, CancellationToken cancellationToken)
    {
        ImageDetails row = await images.FindBuiltInAsync(controlPlane.BuiltInImage, cancellationToken)
            ?? throw new InvalidOperationException($"there is no row for the image {controlPlane.BuiltInImage}");
        if (!await IsStoredAsync(row, cancellationToken)) row = row with { State = ImageState.Pending };
        try
        {
            BuildResult<BuiltImage>? built = await FindOrBuildAsync(row, rebuild, cancellationToken);
            if (built is not { } result)
                Announce(row, null);
            else if (result.IsOk)
                await PublishAsync(row, result.Value, cancellationToken);
            else
                await FailAsync(row, result.Error, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await FailAsync(row, new BuildError(BuildErrorCode.ToolFailed, $"The guest image could not be stored: {e.Message}"), cancellationToken);
        }
    }

    /// <summary>Whether the files that the row names are there: a database can outlive a data directory.</summary>
    private async Task<bool> IsStoredAsync(ImageDetails row, CancellationToken cancellationToken)
    {
        foreach (ImageFile? file in (ImageFile?[])[row.Kernel, row.Initramfs])
            if (file is not null && !(await blobs.HeadAsync(file.Blob, cancellationToken)).IsOk)
                return false;
        return row.Kernel is not null;
    }

    /// <summary>An image in a directory, or null when what is stored is all there is and all that is needed.</summary>
    private async Task<BuildResult<BuiltImage>?> FindOrBuildAsync(ImageDetails row, bool rebuild, CancellationToken cancellationToken)
    {
        if (options.GuestImageDirectory is { } given) return await BuiltImage.OpenAsync(given, cancellationToken);
        if (!rebuild)
        {
            BuildResult<BuiltImage> present = await BuiltImage.OpenAsync(directory.ImageDirectory, cancellationToken);
            if (present.IsOk) return present;
            if (row.State == ImageState.Available) return null;
        }

        // A build anew leaves an image that works available until the new one is complete.
        if (row.State != ImageState.Available)
            await images.SetStateAsync(row.Id, ImageState.Pending, "the guest image is being built; /readyz shows how far it is", cancellationToken);
        GuestImageOptions build = new()
        {
            TargetDirectory = directory.ImageDirectory,
            CacheDirectory = directory.AptCacheDirectory,
            MirrorUrl = options.AptMirror,
        };
        return await display.RunAsync(
            progress => GuestImageBuilder.BuildAsync(build, progress, cancellationToken),
            text => Report(row, text));
    }

    private void Report(ImageDetails row, string text)
    {
        if (row.State != ImageState.Available) readiness.Set(ImageState.Pending, text);
    }

    private async Task PublishAsync(ImageDetails row, BuiltImage built, CancellationToken cancellationToken)
    {
        if (row.State != ImageState.Available || !IsSame(row, built.Manifest))
        {
            await using FileStream kernel = File.OpenRead(built.KernelPath);
            await using FileStream initramfs = File.OpenRead(built.InitramfsPath);
            var contents = new ImageContents
            {
                Kernel = kernel,
                Initramfs = initramfs,
                CommandLine = built.Manifest.CommandLine,
                HasAgent = true,
            };
            await images.PublishAsync(row.Id, contents, cancellationToken);
        }

        Announce(row, built.Manifest.KernelRelease);
    }

    private void Announce(ImageDetails row, string? release)
    {
        readiness.Set(ImageState.Available, null);
        Log.Ready(logger, row.Name, release ?? "as stored");
    }

    private async Task FailAsync(ImageDetails row, BuildError error, CancellationToken cancellationToken)
    {
        Log.Failed(logger, row.Name, error.Message, error.Detail);
        if (row.State == ImageState.Available)
        {
            readiness.Set(ImageState.Available, null);
            return;
        }

        string reason = error.Message.Length <= Image.MaxReasonLength ? error.Message : error.Message[..Image.MaxReasonLength];
        await images.SetStateAsync(row.Id, ImageState.Unavailable, reason, cancellationToken);
        readiness.Set(ImageState.Unavailable, reason);
    }

    private static bool IsSame(ImageDetails row, GuestImageManifest manifest) =>
        row.CommandLine == manifest.CommandLine
        && row.Kernel?.Sha256 == manifest.Files[GuestImageManifest.KernelFile].Sha256
        && row.Initramfs?.Sha256 == manifest.Files[GuestImageManifest.InitramfsFile].Sha256;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "image {Name} is ready (Linux {Release})")]
        public static partial void Ready(ILogger logger, string name, string release);

        [LoggerMessage(2, LogLevel.Warning, "image {Name} could not be made: {Message} {Detail}")]
        public static partial void Failed(ILogger logger, string name, string message, string detail);

        [LoggerMessage(3, LogLevel.Error, "the guest image could not be made")]
        public static partial void Broken(ILogger logger, Exception exception);
    }
}
