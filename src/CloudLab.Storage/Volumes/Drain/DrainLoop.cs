using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Log;

namespace CloudLab.Storage.Volumes.Drain;

/// <summary>Runs a volume's <see cref="Drainer"/>: when an object is full, when one waits for it, and every so often.</summary>
/// <param name="log">What is drained.</param>
/// <param name="drainer">Drains it.</param>
/// <param name="interval">How often, at least.</param>
/// <param name="time">Measures the interval.</param>
/// <param name="collect">Frees what was overwritten.</param>
/// <param name="fail">Called when draining has come to an end.</param>
internal sealed class DrainLoop(
    LocalLog log, Drainer drainer, TimeSpan interval, TimeProvider time, Func<CancellationToken, Task> collect, Action<Exception> fail)
    : IDisposable
{
    private const long FullBytes = (long)VolumeGeometry.MaxObjectSlots * VolumeGeometry.BlockBytes;

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _step = new(1, 1);
    private readonly SemaphoreSlim _signal = new(0, 1);
    private Task _running = Task.CompletedTask;
    private Task _collecting = Task.CompletedTask;
    private ulong _wanted;

    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Something was appended: drains if there is enough of it.</summary>
    public void Appended()
    {
        if (log.Pending >= FullBytes)
            Wake();
    }

    /// <summary>Someone waits for everything before <paramref name="position"/>.</summary>
    public void Want(ulong position)
    {
        InterlockedMax(ref _wanted, position);
        Wake();
    }

    /// <summary>Lets nothing be put while <paramref name="action"/> runs.</summary>
    public async Task<T> BetweenStepsAsync<T>(Func<CancellationToken, Task<T>> action, CancellationToken cancellationToken)
    {
        await _step.WaitAsync(cancellationToken);
        try
        {
            return await action(cancellationToken);
        }
        finally
        {
            _step.Release();
        }
    }

    /// <summary>Ends after the step under way, or in the middle of its waiting for the store.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _collecting;
    }

    public void Dispose()
    {
        _stop.Dispose();
        _step.Dispose();
        _signal.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                var isDue = !await WaitAsync();
                var target = isDue ? log.End : Volatile.Read(ref _wanted);
                while ((log.Released < target || log.Pending >= FullBytes)
                    && await BetweenStepsAsync(drainer.StepAsync, _stop.Token))
                {
                    target = Math.Max(target, Volatile.Read(ref _wanted));
                }

                if (drainer.Usage.IsWorthCollecting && _collecting.IsCompleted)
                    _collecting = Task.Run(CollectAsync);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            // Whatever it is: writers must not wait for a drainer that is no more.
            fail(e);
        }
    }

    /// <summary>A collection that did not succeed is no harm: the next one begins anew.</summary>
    private async Task CollectAsync()
    {
        try
        {
            await collect(_stop.Token);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or OperationCanceledException or VolumeException)
        {
            drainer.Usage.Collected(0);
        }
    }

    /// <summary>Waits for a signal; false if the interval went by without one.</summary>
    private async Task<bool> WaitAsync()
    {
        using var timeout = new CancellationTokenSource(interval, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
        try
        {
            await _signal.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Wake()
    {
        try
        {
            if (_signal.CurrentCount == 0)
                _signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // Another has just done it.
        }
    }

    private static void InterlockedMax(ref ulong target, ulong value)
    {
        var seen = Volatile.Read(ref target);
        while (seen < value)
        {
            var was = Interlocked.CompareExchange(ref target, value, seen);
            if (was == seen)
                return;
            seen = was;
        }
    }
}
