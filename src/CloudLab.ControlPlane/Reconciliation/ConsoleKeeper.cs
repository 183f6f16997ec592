using CloudLab.ControlPlane.Instances;
using CloudLab.Machine.Console;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>An instance's console on this host: begins with what is archived of it, and is archived as it grows.</summary>
internal sealed class ConsoleKeeper(InstanceId id, ConsoleArchive archive, TimeSpan interval, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private bool _isRestored;
    private long _saved;
    private long _savedAt = time.GetTimestamp();

    public SerialConsole Console { get; } = new();

    /// <summary>Puts the archived output in front, once, before the guest writes any.</summary>
    /// <exception cref="IOException">The blob store failed; to be tried again.</exception>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isRestored) return;
            Console.WriteOutput(await archive.LoadAsync(id, cancellationToken).ConfigureAwait(false));
            _saved = Console.TotalWritten;
            _isRestored = true;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Archives what there is, if anything is new; with <paramref name="onlyWhenDue"/> not sooner than the interval says.</summary>
    /// <exception cref="IOException">The blob store failed; what is new is still new.</exception>
    public async Task SaveAsync(bool onlyWhenDue, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            long written = Console.TotalWritten;
            if (!_isRestored || written == _saved || (onlyWhenDue && time.GetElapsedTime(_savedAt) < interval)) return;
            await archive.SaveAsync(id, Console.Snapshot(), cancellationToken).ConfigureAwait(false);
            _saved = written;
            _savedAt = time.GetTimestamp();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();
}
