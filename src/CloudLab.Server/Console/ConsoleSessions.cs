using System.Net.WebSockets;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Instances;
using CloudLab.Machine.Console;

namespace CloudLab.Server.Console;

/// <summary>The interactive consoles that are open, each for as long as its instance lives.</summary>
internal sealed class ConsoleSessions(IInstanceHost host, IHostApplicationLifetime lifetime, TimeProvider time)
{
    // A session costs buffers of some 100 KiB.
    private const int MaxSessions = 128;

    private int _open;

    /// <summary>Takes a place for a session; <see cref="RunAsync"/> gives it back.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _open) <= MaxSessions) return true;
        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _open);

    /// <summary>Serves a client until it leaves, the instance is terminated or the server stops.</summary>
    public async Task RunAsync(WebSocket socket, InstanceId id)
    {
        using ConsoleAttachment? attachment = await host.AttachConsoleAsync(id, replay: true, lifetime.ApplicationStopping);
        using var ended = new CancellationTokenSource();
        if (attachment is null)
        {
            await ConsoleStream.CloseAsync(socket, ended.Token, lifetime.ApplicationStopping);
            return;
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
        Task watch = WatchAsync(id, ended, over.Token);
        try
        {
            await new ConsoleStream(socket, attachment, time).RunAsync(ended.Token, lifetime.ApplicationStopping);
        }
        finally
        {
            await over.CancelAsync();
            await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Fires <paramref name="ended"/> once the instance is terminated.</summary>
    private async Task WatchAsync(InstanceId id, CancellationTokenSource ended, CancellationToken cancellationToken)
    {
        await host.WaitForEndAsync(id, cancellationToken);
        await ended.CancelAsync();
    }
}
