using System.Net.WebSockets;
using CloudLab.Machine.Console;

namespace CloudLab.Server.Console;

/// <summary>Joins one WebSocket with one console: output with what was kept of it first, input as it comes.</summary>
/// <remarks>
/// The guest never waits for a client. One that reads too slowly loses the oldest output (the console keeps 64 KiB), and
/// one that does not read at all for <see cref="SendTimeout"/> is dropped. Input waits for the guest instead: while its
/// queue is full nothing more is read from the socket, so that TCP slows the client down.
/// </remarks>
internal sealed class ConsoleStream(WebSocket socket, ConsoleAttachment attachment, TimeProvider time)
{
    private const int ReceiveBufferSize = 4096;

    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    // The guest's queue says nothing when it empties. A guest reads a full queue in far more than this.
    private static readonly TimeSpan InputRetry = TimeSpan.FromMilliseconds(20);

    /// <summary>Ends when the client leaves, the instance ends or the server stops; the socket is closed then.</summary>
    /// <param name="instanceEnded">Fires when the instance is terminated.</param>
    /// <param name="serverStopping">Fires when the server shuts down.</param>
    /// <param name="callerRefused">Fires when who opened the stream may no longer.</param>
    public async Task RunAsync(CancellationToken instanceEnded, CancellationToken serverStopping, CancellationToken callerRefused = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(instanceEnded, serverStopping, callerRefused);
        using var abandon = new CancellationTokenSource();
        Task output = SendOutputAsync(stop.Token);
        Task input = ReceiveInputAsync(abandon.Token);
        try
        {
            await await Task.WhenAny(output, input);
            // A send that is under way must end before a close frame can follow it.
            await stop.CancelAsync();
            await output;
            await CloseAsync(socket, instanceEnded, serverStopping, callerRefused);
            // After our close frame the client's is still to come: reading goes on until it does.
            abandon.CancelAfter(CloseTimeout);
            await input;
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            socket.Abort();
        }
        finally
        {
            await stop.CancelAsync();
            await abandon.CancelAsync();
            await Task.WhenAll(output, input).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Sends the close frame that says why the stream ends.</summary>
    public static Task CloseAsync(
        WebSocket socket, CancellationToken instanceEnded, CancellationToken serverStopping, CancellationToken callerRefused = default)
    {
        (WebSocketCloseStatus status, string reason) =
            callerRefused.IsCancellationRequested ? (WebSocketCloseStatus.PolicyViolation, "the token has ended")
            : instanceEnded.IsCancellationRequested ? (WebSocketCloseStatus.NormalClosure, "the instance is terminated")
            : serverStopping.IsCancellationRequested ? (WebSocketCloseStatus.EndpointUnavailable, "the server is stopping")
            : (WebSocketCloseStatus.NormalClosure, "");
        return socket.State is WebSocketState.Open or WebSocketState.CloseReceived
            ? socket.CloseOutputAsync(status, reason, CancellationToken.None)
            : Task.CompletedTask;
    }

    private async Task SendOutputAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            byte[] bytes;
            try
            {
                bytes = await attachment.ReadAsync(stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            using var timeout = new CancellationTokenSource(SendTimeout, time);
            await socket.SendAsync(bytes.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, timeout.Token);
        }
    }

    private async Task ReceiveInputAsync(CancellationToken abandon)
    {
        byte[] buffer = new byte[ReceiveBufferSize];
        while (true)
        {
            // Text frames are taken as well, as the UTF-8 that they are: several command-line clients send nothing else.
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), abandon);
            if (received.MessageType == WebSocketMessageType.Close) return;
            ReadOnlyMemory<byte> rest = buffer.AsMemory(0, received.Count);
            while (!(rest = rest[attachment.Write(rest.Span)..]).IsEmpty) await Task.Delay(InputRetry, time, abandon);
        }
    }
}
