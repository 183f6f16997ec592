using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CloudLab.ControlPlane.Images;

/// <summary>Removes what is left of images: files of deregistered ones, their rows, and files that no row names.</summary>
/// <remarks>No input but the database and the blob store; repeating it changes nothing. Hosts may run it at the same time.</remarks>
internal sealed partial class ImageCollector(
    IDbContextFactory<CloudLabDbContext> contexts, ImageBlobs blobs, TimeProvider time, ILogger<ImageCollector> logger) : BackgroundService
{
    private const int BatchSize = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // A request that found the image before it was deregistered has committed its instances by then.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    // An upload's row is committed moments after its file; listing the store costs a file opened for each object.
    private static readonly TimeSpan OrphanAge = TimeSpan.FromHours(1);

    private DateTimeOffset? _sweptAt;

    /// <summary>One pass.</summary>
    internal async Task CollectAsync(CancellationToken cancellationToken)
    {
        await DiscardFilesAsync(cancellationToken).ConfigureAwait(false);
        await RemoveRowsAsync(cancellationToken).ConfigureAwait(false);
        DateTimeOffset now = time.GetUtcNow();
        if (_sweptAt is { } sweptAt && now - sweptAt < OrphanAge) return;
        int orphans = await blobs.RemoveOrphansAsync(now - OrphanAge, cancellationToken).ConfigureAwait(false);
        if (orphans > 0) Log.OrphansRemoved(logger, orphans);
        _sweptAt = now;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await CollectAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                Log.PassFailed(logger, failure);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    /// <summary>Files go when no instance is left that could boot them.</summary>
    private async Task DiscardFilesAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset before = time.GetUtcMicroseconds() - Grace;
        ImageFile[] given = await contexts.WriteAsync(
            async (db, ct) =>
            {
                List<Image> images = await db.Images
                    .Where(i => i.State == ImageState.Deregistered && i.DeregisteredAt <= before)
                    .Where(i => i.Kernel != null || i.Firmware != null || i.Initramfs != null)
                    .Where(i => !db.Instances.Any(n => n.ImageId == i.Id && n.Observed != ObservedState.Terminated))
                    .OrderBy(i => i.Id)
                    .Take(BatchSize)
                    .ToListAsync(ct)
                    .ConfigureAwait(false);
                foreach (Image image in images) ImageQueries.Touch(db, image);
                return images.SelectMany(image => image.Discard()).ToArray();
            },
            cancellationToken).ConfigureAwait(false);
        await blobs.ReleaseAsync(given).ConfigureAwait(false);
    }

    /// <summary>A row goes when no instance is shown any more that names it.</summary>
    private Task<int> RemoveRowsAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset before = time.GetUtcMicroseconds() - Grace;
        return contexts.WriteAsync(
            (db, ct) => db.Images
                .Where(i => i.State == ImageState.Deregistered && i.DeregisteredAt <= before)
                .Where(i => i.Kernel == null && i.Firmware == null && i.Initramfs == null)
                .Where(i => !db.Instances.Any(n => n.ImageId == i.Id))
                .ExecuteDeleteAsync(ct),
            cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(2401, LogLevel.Warning, "images could not be cleaned up; it is tried again in a minute")]
        public static partial void PassFailed(ILogger logger, Exception failure);

        [LoggerMessage(2402, LogLevel.Information, "{Count} files of images that nothing names were removed")]
        public static partial void OrphansRemoved(ILogger logger, int count);
    }
}
