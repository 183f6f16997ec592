using System.Collections.Concurrent;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Instances;
using CloudLab.Machine;
using CloudLab.Machine.Console;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>The workers of this host, one for each instance that it owns.</summary>
internal sealed class InstanceFleet(HostServices host) : IInstanceHost, IAsyncDisposable
{
    private readonly ConcurrentDictionary<InstanceId, InstanceWorker> _workers = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly HashSet<InstanceId> _watched = [];
    private bool _isEnded;

    /// <summary>How many instances this host works for.</summary>
    internal int WorkerCount => _workers.Count;

    /// <summary>Instances of which this host has nothing but a console that someone holds open.</summary>
    public IReadOnlyList<InstanceId> Watched
    {
        get
        {
            lock (_watched) return [.. _watched];
        }
    }

    /// <summary>
    /// Has a worker for each of these instances, and no other but for open consoles; wakes those whose row has changed.
    /// </summary>
    public async Task FollowAsync(IReadOnlyCollection<InstanceVersion> rows)
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_isEnded) return;
            foreach (InstanceVersion row in rows)
            {
                if (_workers.TryGetValue(row.Id, out InstanceWorker? worker))
                    worker.Notice(row.Version);
                else
                    _workers[row.Id] = new InstanceWorker(row.Id, host);
            }

            HashSet<InstanceId> ids = [.. rows.Select(row => row.Id)];
            InstanceWorker[] idle = [.. _workers.Values.Where(worker => !ids.Contains(worker.Id))];
            lock (_watched)
            {
                _watched.Clear();
                _watched.UnionWith(idle.Where(worker => worker.Console.HasAttachments).Select(worker => worker.Id));
            }

            foreach (InstanceWorker worker in idle)
                if (worker.Machine is not null)
                    worker.Wake();
            await EndAsync(worker => !ids.Contains(worker.Id) && !worker.Console.HasAttachments).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Pauses every machine: the lease may be another's soon.</summary>
    public Task SuspendAsync() => SetSuspendedAsync(true);

    /// <summary>The lease was renewed at its epoch: the machines go on.</summary>
    public Task ResumeAsync() => host.Session.IsSuspended ? SetSuspendedAsync(false) : Task.CompletedTask;

    /// <summary>The lease has passed to another: what runs here is nobody's any more.</summary>
    public async Task DiscardAsync()
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            await EndAsync(static _ => true).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>These instances are terminated, or were: who holds their consoles open is told.</summary>
    public void TellEnded(IEnumerable<InstanceId> ids)
    {
        foreach (InstanceId id in ids)
            if (_workers.TryGetValue(id, out InstanceWorker? worker))
                worker.TellEnded();
    }

    /// <summary>The instance's machine, while it has one here.</summary>
    internal RunningMachine? FindMachine(InstanceId id) => _workers.TryGetValue(id, out InstanceWorker? worker) ? worker.Machine : null;

    /// <inheritdoc/>
    public async ValueTask<byte[]> ReadConsoleAsync(InstanceId id, CancellationToken cancellationToken)
    {
        if (_workers.TryGetValue(id, out InstanceWorker? worker)) return await worker.ReadConsoleAsync(cancellationToken).ConfigureAwait(false);
        return await host.Consoles.LoadAsync(id, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<ConsoleAttachment?> AttachConsoleAsync(InstanceId id, bool replay, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isEnded) return null;
            // Under the lock: between the two, nobody ends a worker that has no rows and no clients.
            return _workers.GetOrAdd(id, static (id, host) => new InstanceWorker(id, host), host).Console.Attach(replay);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask WaitForEndAsync(InstanceId id, CancellationToken cancellationToken)
    {
        if (_workers.TryGetValue(id, out InstanceWorker? worker)) await worker.Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<InstanceHealth?> ReadHealthAsync(InstanceId id, CancellationToken cancellationToken) =>
        new(_workers.TryGetValue(id, out InstanceWorker? worker) ? worker.Health : null);

    /// <inheritdoc/>
    public async ValueTask<MachineMetrics?> ReadMetricsAsync(InstanceId id, CancellationToken cancellationToken) =>
        FindMachine(id) is { } machine
            ? await machine.ReadMetricsAsync(cancellationToken).ConfigureAwait(false)
            : null;

    /// <summary>Ends all workers and machines: the process stops, the rows keep what should run.</summary>
    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            _isEnded = true;
            await EndAsync(static _ => true).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task SetSuspendedAsync(bool isSuspended)
    {
        host.Session.IsSuspended = isSuspended;
        await Task.WhenAll(_workers.Values.Select(SetAsync)).ConfigureAwait(false);

        static async Task SetAsync(InstanceWorker worker)
        {
            if (worker.Machine is { } machine) await machine.FollowSuspensionAsync().ConfigureAwait(false);
            worker.Wake();
        }
    }

    private async Task EndAsync(Func<InstanceWorker, bool> which)
    {
        List<InstanceWorker> ended = [];
        foreach (InstanceWorker worker in _workers.Values)
            if (which(worker) && _workers.TryRemove(worker.Id, out _))
                ended.Add(worker);
        await Task.WhenAll(ended.Select(worker => worker.DisposeAsync().AsTask())).ConfigureAwait(false);
    }
}
