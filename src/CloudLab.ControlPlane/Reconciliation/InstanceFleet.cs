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
    private bool _isEnded;

    /// <summary>Has a worker for each of these instances, and no other; wakes those whose row has changed.</summary>
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
                else if (!row.IsTerminated)
                    _workers[row.Id] = new InstanceWorker(row.Id, host);
            }

            HashSet<InstanceId> ids = [.. rows.Select(row => row.Id)];
            await EndAsync(worker => !ids.Contains(worker.Id)).ConfigureAwait(false);
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

    /// <summary>The instance's machine, while it has one here.</summary>
    internal RunningMachine? FindMachine(InstanceId id) => _workers.TryGetValue(id, out InstanceWorker? worker) ? worker.Machine : null;

    /// <inheritdoc/>
    public ValueTask<byte[]> ReadConsoleAsync(InstanceId id, CancellationToken cancellationToken) =>
        new(_workers.TryGetValue(id, out InstanceWorker? worker) ? worker.Console.Snapshot() : []);

    /// <inheritdoc/>
    public ValueTask<ConsoleAttachment?> AttachConsoleAsync(InstanceId id, bool replay, CancellationToken cancellationToken) =>
        new(_workers.TryGetValue(id, out InstanceWorker? worker) ? worker.Console.Attach(replay) : null);

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
