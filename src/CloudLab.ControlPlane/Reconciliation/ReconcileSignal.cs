using System.Threading.Channels;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>
/// "Something changed, look again." A hint within this process: signals that come while one is waiting merge with it,
/// and the reconciler also looks on a timer.
/// </summary>
public sealed class ReconcileSignal
{
    private readonly Channel<bool> _pending = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Wakes the waiting side. Call it after the commit. From any thread.</summary>
    public void Notify() => _pending.Writer.TryWrite(true);

    /// <summary>Ends at the next signal, at once when one came since the last wait, or after <paramref name="atMost"/>.</summary>
    internal async Task WaitAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await _pending.Reader.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
        }
    }
}
