using CloudLab.ControlPlane.Persistence;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CloudLab.ControlPlane.Events;

/// <summary>Removes old events, and watches for those that other hosts write.</summary>
internal sealed partial class EventKeeper(
    EventService events, EventSignal signal, DatabaseOptions database, TimeProvider time, ILogger<EventKeeper> logger) : BackgroundService
{
    // Ten batches a minute: a million events a day, which is more than a busy host writes.
    private const int MaxBatches = 10;

    private static readonly TimeSpan CleaningInterval = TimeSpan.FromMinutes(1);

    // What a reader waits at most for an event of another host, or for one that an older transaction held back.
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    /// <summary>One round of removal.</summary>
    internal async Task CleanAsync(CancellationToken cancellationToken)
    {
        for (int i = 0; i < MaxBatches; i++)
            if (await events.RemoveExpiredAsync(cancellationToken).ConfigureAwait(false) == 0)
                return;
    }

    // SQLite's events are all this process's own, and signalled.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => database.Provider == DatabaseProvider.Sqlite
        ? RepeatAsync(CleaningInterval, CleanAsync, stoppingToken)
        : Task.WhenAll(RepeatAsync(CleaningInterval, CleanAsync, stoppingToken), RepeatAsync(WatchInterval, WatchAsync(), stoppingToken));

    private Func<CancellationToken, Task> WatchAsync()
    {
        EventPosition seen = default;
        return async cancellationToken =>
        {
            EventPosition end = await events.FindEndAsync(cancellationToken).ConfigureAwait(false);
            if (end != seen) signal.Notify();
            seen = end;
        };
    }

    private async Task RepeatAsync(TimeSpan interval, Func<CancellationToken, Task> round, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                await round(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                Log.RoundFailed(logger, failure);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2501, LogLevel.Warning, "events could not be looked after; it is tried again")]
        public static partial void RoundFailed(ILogger logger, Exception failure);
    }
}
