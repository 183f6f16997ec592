using CloudLab.ControlPlane.Reconciliation;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CloudLab.ControlPlane.Hosts;

/// <summary>
/// Registers this host and renews its lease. A host that cannot renew in time suspends its machines; renewed at the
/// same epoch they go on, at another they are discarded and the host registers anew.
/// </summary>
internal sealed partial class HostKeeper(
    HostSession session,
    InstanceFleet fleet,
    ReconcileSignal signal,
    ControlPlaneOptions options,
    TimeProvider time,
    ILogger<HostKeeper> logger) : BackgroundService
{
    // Four heartbeats can fail before the fifth would come too late.
    private TimeSpan Interval => options.LeaseDuration / 6;

    /// <summary>Registers before the server takes requests, so that the first one finds a host.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await BeatAsync(cancellationToken).ConfigureAwait(false);
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            TimeSpan wait = session.MayAct && session.Remaining < Interval ? session.Remaining : Interval;
            await Task.Delay(wait, time, stoppingToken).ConfigureAwait(false);

            // The database may take its time: the machines must not. A timer may fire a little early, hence the loop.
            Task beat = BeatAsync(stoppingToken);
            while (session.MayAct && !beat.IsCompleted)
                await Task.WhenAny(beat, Task.Delay(session.Remaining, time, stoppingToken)).ConfigureAwait(false);
            if (!session.MayAct && !session.IsSuspended)
            {
                Log.Suspended(logger, options.HostName);
                await fleet.SuspendAsync().ConfigureAwait(false);
            }

            await beat.ConfigureAwait(false);
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        try
        {
            // A lease that was merely renewed changes nothing that there is to do.
            bool isNews = session.IsSuspended || session.Lease is null;
            if (session.Lease is not null) await session.RenewAsync(cancellationToken).ConfigureAwait(false);
            if (session.Lease is null)
            {
                isNews = true;
                await fleet.DiscardAsync().ConfigureAwait(false);
                await session.RegisterAsync(cancellationToken).ConfigureAwait(false);
                Log.Registered(logger, options.HostName, session.Lease?.Epoch ?? 0);
            }

            // A renewal that took too long is as good as none: the next one decides.
            if (session.MayAct) await fleet.ResumeAsync().ConfigureAwait(false);
            if (isNews) signal.Notify();
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            Log.HeartbeatFailed(logger, options.HostName, failure);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2001, LogLevel.Information, "host {Host} registered at epoch {Epoch}")]
        public static partial void Registered(ILogger logger, string host, long epoch);

        [LoggerMessage(2002, LogLevel.Warning, "host {Host} could not renew its lease in time: its machines are suspended")]
        public static partial void Suspended(ILogger logger, string host);

        [LoggerMessage(2003, LogLevel.Warning, "a heartbeat of host {Host} failed")]
        public static partial void HeartbeatFailed(ILogger logger, string host, Exception failure);
    }
}
