using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CloudLab.ControlPlane.Identity;

/// <summary>Writes down when tokens and keys were used, and removes those that ended a while ago.</summary>
internal sealed partial class IdentityKeeper(
    LastUse lastUse, IDbContextFactory<CloudLabDbContext> contexts, TimeProvider time, ILogger<IdentityKeeper> logger) : BackgroundService
{
    /// <summary>How coarse the time of last use is.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>For how long a revoked or expired token or key is still listed: long enough to ask what it was.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromDays(7);

    /// <summary>One round, as the loop makes it.</summary>
    /// <returns>How many rows were written or removed.</returns>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        int written = await lastUse.WriteAsync(cancellationToken).ConfigureAwait(false);
        DateTimeOffset before = time.GetUtcMicroseconds() - Retention;
        return written + await contexts.WriteAsync(
            async (db, ct) =>
            {
                int tokens = await db.ApiTokens.Where(t => t.RevokedAt < before || t.ExpiresAt < before)
                    .ExecuteDeleteAsync(ct).ConfigureAwait(false);
                int keys = await db.AccessKeys.Where(k => k.RevokedAt < before || k.ExpiresAt < before)
                    .ExecuteDeleteAsync(ct).ConfigureAwait(false);
                return tokens + keys;
            },
            cancellationToken).ConfigureAwait(false);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        await TryRunOnceAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false)) await TryRunOnceAsync(stoppingToken).ConfigureAwait(false);
    }

    private async Task TryRunOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunOnceAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // The next round does what this one could not; only the times of this interval are lost.
            Log.RoundFailed(logger, failure);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2301, LogLevel.Warning, "the use of tokens and keys could not be recorded")]
        public static partial void RoundFailed(ILogger logger, Exception failure);
    }
}
