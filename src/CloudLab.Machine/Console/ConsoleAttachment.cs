namespace CloudLab.Machine.Console;

/// <summary>One client's view of a <see cref="SerialConsole"/>. One reader at a time.</summary>
public sealed class ConsoleAttachment : IDisposable
{
    private readonly SerialConsole _console;
    private readonly SemaphoreSlim _signal = new(0, 1);
    private long _position;

    internal ConsoleAttachment(SerialConsole console, long position)
    {
        _console = console;
        _position = position;
    }

    /// <summary>Waits for output and returns all that has come, in order; never empty.</summary>
    public async ValueTask<byte[]> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            byte[] bytes = _console.Take(ref _position);
            if (bytes.Length > 0) return bytes;
            await _signal.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends input to the guest; see <see cref="SerialConsole.WriteInput"/>.</summary>
    public int Write(ReadOnlySpan<byte> bytes) => _console.WriteInput(bytes);

    /// <summary>Ends the attachment; the console goes on.</summary>
    public void Dispose()
    {
        _console.Detach(this);
        Signal();
    }

    internal void Signal()
    {
        lock (_signal)
            if (_signal.CurrentCount == 0)
                _signal.Release();
    }
}
