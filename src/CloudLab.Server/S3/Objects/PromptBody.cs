namespace CloudLab.Server.S3.Objects;

/// <summary>A request's body that is given up when nothing of it comes for a while. One reader.</summary>
/// <remarks>
/// Kestrel's own limit is the average rate of the whole body, so that a client which sent a gigabyte at once could then stand
/// still for weeks and keep its connection and half a file. Time counts only while somebody waits for bytes that are not there.
/// </remarks>
internal sealed class PromptBody(Stream inner, TimeSpan patience, TimeProvider time) : ReadOnlyStream
{
    private readonly CancellationTokenSource _stalled = new(Timeout.InfiniteTimeSpan, time);

    public static S3Error TimedOut { get; } = new(
        S3ErrorCode.RequestTimeout, "Your socket connection to the server was not read from or written to within the timeout period.");

    /// <exception cref="S3BodyException">Nothing came in time.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> read = inner.ReadAsync(buffer, _stalled.Token);
        return read.IsCompletedSuccessfully ? read : WaitAsync(read, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _stalled.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> WaitAsync(ValueTask<int> read, CancellationToken cancellationToken)
    {
        _stalled.CancelAfter(patience);
        try
        {
            await using CancellationTokenRegistration gone = cancellationToken.UnsafeRegister(
                static state => ((CancellationTokenSource)state!).Cancel(), _stalled);
            return await read;
        }
        catch (OperationCanceledException) when (_stalled.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new S3BodyException(TimedOut);
        }
        finally
        {
            _stalled.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }
}
