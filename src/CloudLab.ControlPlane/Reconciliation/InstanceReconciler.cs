using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>
/// The loop that makes rows true: places instances on this host and keeps a worker for each that it owns and that has
/// something to do; stopped ones cost nothing. It has no input but the database, so it can run at any time and any number
/// of times.
/// </summary>
internal sealed partial class InstanceReconciler(
    IDbContextFactory<CloudLabDbContext> contexts,
    HostService hosts,
    HostSession session,
    InstanceFleet fleet,
    ReconcileSignal signal,
    ControlPlaneOptions options,
    ControlPlaneMetrics metrics,
    TimeProvider time,
    ILogger<InstanceReconciler> logger) : BackgroundService
{
    // Rows are kept for an hour: when they go is not urgent.
    private static readonly TimeSpan CleaningInterval = TimeSpan.FromMinutes(1);

    private long? _cleanedAt;

    /// <summary>Ends the machines after the loop; their instances start again with the next process.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        await fleet.DisposeAsync().ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                if (session.MayAct && session.Lease is { } lease) await PassAsync(lease, stoppingToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                Log.PassFailed(logger, failure);
            }

            await signal.WaitAsync(options.ReconcileInterval, time, stoppingToken).ConfigureAwait(false);
        }
    }

    private async Task PassAsync(HostLease lease, CancellationToken cancellationToken)
    {
        long startedAt = time.GetTimestamp();
        await hosts.TakeOverExpiredAsync(lease, cancellationToken).ConfigureAwait(false);
        if (await IsAnyUnplacedAsync(cancellationToken).ConfigureAwait(false))
        {
            await hosts.PlaceAsync(lease, cancellationToken).ConfigureAwait(false);
            await hosts.SettleUnplacedAsync(cancellationToken).ConfigureAwait(false);
        }

        await fleet.FollowAsync(await ReadOwnAsync(lease, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        await LookForEndedAsync(cancellationToken).ConfigureAwait(false);
        if (_cleanedAt is not { } cleanedAt || time.GetElapsedTime(cleanedAt) >= CleaningInterval)
        {
            await hosts.RemoveExpiredAsync(cancellationToken).ConfigureAwait(false);
            _cleanedAt = time.GetTimestamp();
        }

        metrics.PassTook(time.GetElapsedTime(startedAt));
    }

    private async Task<bool> IsAnyUnplacedAsync(CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        return await db.Instances
            .AnyAsync(i => i.IsActive && i.Host == null, cancellationToken)
            .ConfigureAwait(false);
    }

    private async Task<List<InstanceVersion>> ReadOwnAsync(HostLease lease, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        return await db.Instances
            .Where(i => i.IsActive && i.Host == lease.Name && i.HostEpoch == lease.Epoch)
            .Select(i => new InstanceVersion(i.Id, i.Version))
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
    }

    // One question for all open consoles of instances that have no machine: whoever terminated those may not have been here.
    private async Task LookForEndedAsync(CancellationToken cancellationToken)
    {
        InstanceId[] watched = [.. fleet.Watched];
        if (watched.Length == 0) return;
        await using CloudLabDbContext db = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        List<InstanceId> there = await db.Instances
            .Where(i => watched.Contains(i.Id) && i.Observed != ObservedState.Terminated)
            .Select(i => i.Id)
            .ToListAsync(cancellationToken)
            .ConfigureAwait(false);
        fleet.TellEnded(watched.Except(there));
    }

    private static partial class Log
    {
        [LoggerMessage(2201, LogLevel.Warning, "a pass of the reconciler failed; the next will try again")]
        public static partial void PassFailed(ILogger logger, Exception failure);
    }
}
