using System.Net.WebSockets;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.Machine.Console;
using CloudLab.Server.Problems;

namespace CloudLab.Server.Console;

/// <summary>The interactive consoles that are open, each for as long as its instance lives.</summary>
internal sealed class ConsoleSessions(
    InstanceService instances, TokenService tokens, IInstanceHost host, IHostApplicationLifetime lifetime, TimeProvider time)
{
    // A session costs buffers of some 100 KiB and a query a second.
    private const int MaxSessions = 128;

    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(1);

    private int _open;

    /// <summary>Takes a place for a session; <see cref="RunAsync"/> gives it back.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _open) <= MaxSessions) return true;
        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _open);

    /// <summary>Serves a client until it leaves, its token ends, the instance is terminated or the server stops.</summary>
    public async Task RunAsync(WebSocket socket, Caller caller, InstanceId id)
    {
        using var ended = new CancellationTokenSource();
        using var refused = new CancellationTokenSource();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
        Task watch = WatchAsync(caller, id, ended, refused, over.Token);
        try
        {
            using ConsoleAttachment? attachment = await AttachAsync(id, ended.Token, refused.Token);
            if (attachment is null)
                await ConsoleStream.CloseAsync(socket, ended.Token, lifetime.ApplicationStopping, refused.Token);
            else
                await new ConsoleStream(socket, attachment, time).RunAsync(ended.Token, lifetime.ApplicationStopping, refused.Token);
        }
        finally
        {
            await over.CancelAsync();
            await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Waits for the host to have the instance: a client may come before it is placed.</summary>
    private async Task<ConsoleAttachment?> AttachAsync(InstanceId id, CancellationToken ended, CancellationToken refused)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ended, refused, lifetime.ApplicationStopping);
        using var timer = new PeriodicTimer(WatchPeriod / 10, time);
        try
        {
            while (true)
            {
                if (await host.AttachConsoleAsync(id, replay: true, stop.Token) is { } attachment) return attachment;
                await timer.WaitForNextTickAsync(stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>
    /// Fires <paramref name="ended"/> once the instance is terminated (what it printed last is sent before that is seen),
    /// <paramref name="refused"/> once the token with which the console was opened is no longer right.
    /// </summary>
    private async Task WatchAsync(
        Caller caller, InstanceId id, CancellationTokenSource ended, CancellationTokenSource refused, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(WatchPeriod, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            CancellationTokenSource? over = await WhatIsOverAsync(caller, id, ended, refused, cancellationToken);
            if (over is null) continue;
            await over.CancelAsync();
            return;
        }
    }

    private async Task<CancellationTokenSource?> WhatIsOverAsync(
        Caller caller, InstanceId id, CancellationTokenSource ended, CancellationTokenSource refused, CancellationToken cancellationToken)
    {
        try
        {
            if (!await tokens.IsValidAsync(caller.TokenId, cancellationToken)) return refused;
            Result<InstanceDetails> instance = await instances.GetAsync(caller.AccountId, id, cancellationToken);
            return instance is { IsOk: true, Value.State: not InstanceState.Terminated } ? null : ended;
        }
        catch (Exception e) when (ProblemExceptionHandler.IsDatabaseAway(e))
        {
            // Guests outlive a database that is away, and so do their consoles.
            return null;
        }
    }
}
