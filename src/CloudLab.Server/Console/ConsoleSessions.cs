using System.Net.WebSockets;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Machine.Console;

namespace CloudLab.Server.Console;

/// <summary>The interactive consoles that are open, each for as long as its instance lives and its token is right.</summary>
internal sealed class ConsoleSessions(TokenService tokens, IInstanceHost host, IHostApplicationLifetime lifetime, TimeProvider time)
{
    // A session costs buffers of some 100 KiB and a query every few seconds.
    private const int MaxSessions = 128;

    /// <summary>How long a console may outlive its token: a database that many consoles share is asked this seldom.</summary>
    private static readonly TimeSpan TokenPeriod = TimeSpan.FromSeconds(5);

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
        using ConsoleAttachment? attachment = await host.AttachConsoleAsync(id, replay: true, lifetime.ApplicationStopping);
        using var ended = new CancellationTokenSource();
        using var refused = new CancellationTokenSource();
        if (attachment is null)
        {
            await ConsoleStream.CloseAsync(socket, ended.Token, lifetime.ApplicationStopping, refused.Token);
            return;
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
        Task watch = Task.WhenAll(WatchInstanceAsync(id, ended, over.Token), WatchTokenAsync(caller.TokenId, refused, over.Token));
        try
        {
            await new ConsoleStream(socket, attachment, time).RunAsync(ended.Token, lifetime.ApplicationStopping, refused.Token);
        }
        finally
        {
            await over.CancelAsync();
            await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Fires <paramref name="ended"/> once the instance is terminated.</summary>
    private async Task WatchInstanceAsync(InstanceId id, CancellationTokenSource ended, CancellationToken cancellationToken)
    {
        await host.WaitForEndAsync(id, cancellationToken);
        await ended.CancelAsync();
    }

    /// <summary>Fires <paramref name="refused"/> once the token with which the console was opened is no longer right.</summary>
    private async Task WatchTokenAsync(TokenId token, CancellationTokenSource refused, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TokenPeriod, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                if (await tokens.IsValidAsync(token, cancellationToken)) continue;
                await refused.CancelAsync();
                return;
            }
            catch (Exception e) when (DatabaseFaults.IsAway(e))
            {
                // Guests outlive a database that is away, and so do their consoles.
            }
        }
    }
}
