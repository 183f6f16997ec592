using System.Collections.Concurrent;
using System.Diagnostics;
using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Instances;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Machine;
using CloudLab.Machine.Console;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>
/// Converges one instance: reads its row, asks <see cref="InstancePlan"/> for the next step, takes it, and again until
/// there is none. One step at a time; workers of different instances run beside each other.
/// </summary>
/// <remarks>
/// Woken by the reconciler when the row has changed, and by the machine when it ended, was reset by its guest or
/// panicked. A step that fails is tried again. Owns the machine, and the console, which outlives the machine.
/// </remarks>
internal sealed partial class InstanceWorker : IAsyncDisposable
{
    private const int PanicsThatStop = 3;

    private static readonly TimeSpan PanicWindow = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly HostServices _host;
    private readonly ReconcileSignal _wake = new();
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<string> _newPanics = new();
    private readonly Queue<long> _panicTimes = new();
    private readonly PanicWatch _panicWatch;
    private readonly ConsoleKeeper _console;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _loop;
    private volatile RunningMachine? _machine;
    private long _seenVersion;
    private bool _isDirty = true;
    private bool _isWatching;
    private InstanceChecks _written;

    public InstanceWorker(InstanceId id, HostServices host)
    {
        Id = id;
        _host = host;
        _panicWatch = new PanicWatch(line =>
        {
            // As many as stop the instance; a guest can print such lines without end, and the database may be away.
            if (_newPanics.Count < PanicsThatStop) _newPanics.Enqueue(line);
            Wake();
        });
        _console = new ConsoleKeeper(id, host.Consoles, host.Options.ConsoleSaveInterval, host.Time);
        _loop = Task.Run(RunAsync);
    }

    public InstanceId Id { get; }

    public SerialConsole Console => _console.Console;

    /// <summary>Ends when the instance is terminated.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The machine, while there is one.</summary>
    public RunningMachine? Machine => _machine;

    /// <summary>What is known of the guest now, or null without a machine.</summary>
    public InstanceHealth? Health => _machine?.Health(_written.System);

    /// <summary>The row has this version now; nothing happens when the worker has seen it.</summary>
    public void Notice(long version)
    {
        if (Interlocked.Read(ref _seenVersion) != version) Wake();
    }

    /// <summary>Looks at the row and the machine again.</summary>
    public void Wake()
    {
        Volatile.Write(ref _isDirty, true);
        _wake.Notify();
    }

    /// <summary>The instance is terminated, as its row says.</summary>
    public void TellEnded() => _ended.TrySetResult();

    /// <summary>What is kept of the console's output, with what was archived before.</summary>
    /// <exception cref="IOException">The blob store failed.</exception>
    public async ValueTask<byte[]> ReadConsoleAsync(CancellationToken cancellationToken)
    {
        await _console.RestoreAsync(cancellationToken).ConfigureAwait(false);
        return Console.Snapshot();
    }

    /// <summary>Ends the worker and its machine, without a word to the guest or the database. Once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        await DropMachineAsync().ConfigureAwait(false);
        _host.Scratch.Delete(Id);
        await SaveConsoleAsync(onlyWhenDue: false, CancellationToken.None).ConfigureAwait(false);
        _console.Dispose();
        _end.Dispose();
    }

    private async Task RunAsync()
    {
        CancellationToken end = _end.Token;
        while (!end.IsCancellationRequested)
        {
            TimeSpan wait;
            try
            {
                wait = await RunOnceAsync(end).ConfigureAwait(false);
                await _wake.WaitAsync(wait, _host.Time, end).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (end.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <returns>When to look again at the latest.</returns>
    private async Task<TimeSpan> RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!_host.Session.MayAct || _host.Session.Lease is not { } lease) return RetryDelay;
        try
        {
            await RestoreConsoleAsync(cancellationToken).ConfigureAwait(false);
            if (Volatile.Read(ref _isDirty))
            {
                Volatile.Write(ref _isDirty, false);
                await ConvergeAsync(lease, cancellationToken).ConfigureAwait(false);
                await RecordPanicsAsync(lease, cancellationToken).ConfigureAwait(false);
            }

            await RecordChecksAsync(lease, cancellationToken).ConfigureAwait(false);
            await SaveConsoleAsync(onlyWhenDue: true, cancellationToken).ConfigureAwait(false);
            if (_machine?.DeadlineIn is not { } deadline) return _host.Options.CheckInterval;
            Volatile.Write(ref _isDirty, true);
            return deadline < _host.Options.CheckInterval ? deadline : _host.Options.CheckInterval;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // The database or the blob store is away, or there is a bug in a step: neither may end the worker.
            Log.StepFailed(_host.Logger, Id, failure);
            _host.Metrics.Retried();
            Volatile.Write(ref _isDirty, true);
            return RetryDelay;
        }
    }

    private async Task ConvergeAsync(HostLease lease, CancellationToken cancellationToken)
    {
        while (true)
        {
            Instance? row = await LoadAsync(lease, cancellationToken).ConfigureAwait(false);
            if (row is null)
            {
                // It is stopped, or another host's.
                await DropMachineAsync().ConfigureAwait(false);
                _host.Scratch.Delete(Id);
                return;
            }

            InstanceStep step = InstancePlan.Next(row, _machine?.View() ?? default);
            if (step == InstanceStep.None) return;
            Log.Step(_host.Logger, Id, step);
            using Activity? activity = ControlPlaneActivities.Source.StartActivity("instance.step");
            activity?.SetTag("cloudlab.instance.id", Id.Value).SetTag("cloudlab.instance.step", step.ToString());
            await TakeAsync(step, row, lease, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task TakeAsync(InstanceStep step, Instance row, HostLease lease, CancellationToken cancellationToken)
    {
        switch (step)
        {
            case InstanceStep.Start:
                await StartAsync(row, lease, cancellationToken).ConfigureAwait(false);
                break;
            case InstanceStep.RecordBoot:
                int generation = _machine!.Generation;
                await WriteAsync(lease, i => i.ObserveBoot(generation), cancellationToken).ConfigureAwait(false);
                break;
            case InstanceStep.Reset:
                await _machine!.ResetAsync(row.BootGeneration).ConfigureAwait(false);
                _host.Metrics.Booted();
                break;
            case InstanceStep.AskForShutdown:
                await _machine!.AskForShutdownAsync().ConfigureAwait(false);
                break;
            case InstanceStep.AskForReboot:
                await _machine!.AskForRebootAsync(row.BootGeneration).ConfigureAwait(false);
                break;
            case InstanceStep.ForceStop:
                await _machine!.StopAsync().ConfigureAwait(false);
                break;
            case InstanceStep.Drop:
                await DropMachineAsync().ConfigureAwait(false);
                break;
            case InstanceStep.RecordEnd:
                await DropMachineAsync().ConfigureAwait(false);
                await RecordEndAsync(lease, i => i.ObserveEnd(_host.Time.GetUtcMicroseconds()), cancellationToken).ConfigureAwait(false);
                break;
            case InstanceStep.RecordGuestEnd:
                await RecordGuestEndAsync(lease, cancellationToken).ConfigureAwait(false);
                break;
            case InstanceStep.None:
                break;
        }
    }

    private async Task StartAsync(Instance row, HostLease lease, CancellationToken cancellationToken)
    {
        await DropMachineAsync().ConfigureAwait(false);
        // Whoever starts it again gives it another chance.
        _panicTimes.Clear();
        // Scratch disks live as long as the instance runs: through a reboot, but not from one start to the next.
        if (row.Observed != ObservedState.Running) _host.Scratch.Delete(Id);
        MachineResult built = await _host.Machines.CreateAsync(row, Console, cancellationToken).ConfigureAwait(false);
        StateReason? refusal = built.Refusal;
        if (built.Machine is not null)
        {
            var machine = new RunningMachine(built, row.BootGeneration, _host, Wake);
            _machine = machine;
            _host.Totals.Include(machine);
            try
            {
                await machine.StartAsync().ConfigureAwait(false);
                _host.Metrics.Booted();
                return;
            }
            catch (Exception failure)
            {
                // A kernel that cannot be loaded, or a fault of the VMM: another try would end the same.
                Log.StartFailed(_host.Logger, Id, failure);
                refusal = StateReason.InternalError(
                    failure is MachineException ? failure.Message : "the machine could not be started; the server's log says why");
                await DropMachineAsync().ConfigureAwait(false);
            }
        }

        await RecordEndAsync(lease, i => i.ObserveFailure(refusal!, _host.Time.GetUtcMicroseconds()), cancellationToken)
            .ConfigureAwait(false);
    }

    private async Task RecordGuestEndAsync(HostLease lease, CancellationToken cancellationToken)
    {
        MachineStatus status = _machine!.Status;
        await RecordEndAsync(lease, Observe, cancellationToken).ConfigureAwait(false);

        void Observe(Instance instance)
        {
            DateTimeOffset now = _host.Time.GetUtcMicroseconds();
            // A guest that ends before its boot was written has run all the same.
            instance.ObserveBoot(Math.Max(instance.ObservedGeneration, _machine!.Generation));
            switch (status.StopReason)
            {
                case StopReason.GuestPowerOff:
                    instance.ObserveGuestEnd(StateReason.InstanceInitiatedShutdown, now);
                    break;
                case StopReason.GuestFailure:
                    instance.ObserveGuestEnd(StateReason.GuestFailure(status.ExitCode ?? 0), now);
                    break;
                default:
                    instance.ObserveFailure(StateReason.InternalError(status.Detail ?? "the machine stopped"), now);
                    break;
            }
        }
    }

    private async Task RecordPanicsAsync(HostLease lease, CancellationToken cancellationToken)
    {
        while (_newPanics.TryPeek(out string? line))
        {
            long now = _host.Time.GetTimestamp();
            while (_panicTimes.TryPeek(out long first) && _host.Time.GetElapsedTime(first, now) > PanicWindow) _panicTimes.Dequeue();
            int count = _panicTimes.Count + 1;
            if (count < PanicsThatStop || _machine is null)
            {
                await WriteAsync(lease, i => i.ObservePanic(line), cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await _machine.StopAsync().ConfigureAwait(false);
                StateReason reason = StateReason.RepeatedKernelPanics(count, line);
                await RecordEndAsync(lease, i => i.ObserveFailure(reason, _host.Time.GetUtcMicroseconds()), cancellationToken)
                    .ConfigureAwait(false);
            }

            _host.Metrics.Panicked();
            _panicTimes.Enqueue(now);
            _newPanics.TryDequeue(out _);
        }
    }

    private async Task RecordChecksAsync(HostLease lease, CancellationToken cancellationToken)
    {
        if (_machine?.Check() is not { } checks || checks == _written) return;
        await WriteAsync(lease, Observe, cancellationToken).ConfigureAwait(false);

        void Observe(Instance instance)
        {
            if (instance.Observed == ObservedState.Running) instance.ObserveChecks(checks);
        }
    }

    private async Task RecordEndAsync(HostLease lease, Action<Instance> observe, CancellationToken cancellationToken)
    {
        await SaveConsoleAsync(onlyWhenDue: false, cancellationToken).ConfigureAwait(false);
        Instance? row = await WriteAsync(lease, observe, cancellationToken).ConfigureAwait(false);
        await DropMachineAsync().ConfigureAwait(false);
        _host.Scratch.Delete(Id);
        _host.Metrics.Ended(row?.ReasonCode);
        Log.Ended(_host.Logger, Id, row?.ReasonMessage);
    }

    private async Task RestoreConsoleAsync(CancellationToken cancellationToken)
    {
        if (_isWatching) return;
        await _console.RestoreAsync(cancellationToken).ConfigureAwait(false);
        // From here on, so that no panic of an earlier life is taken for one of now.
        Console.OutputWritten += output => _panicWatch.Receive(output.Span);
        _isWatching = true;
    }

    // Output that cannot be kept must not keep the instance from its end: it is kept when the store works again.
    private async Task SaveConsoleAsync(bool onlyWhenDue, CancellationToken cancellationToken)
    {
        try
        {
            await _console.SaveAsync(onlyWhenDue, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            Log.ConsoleNotKept(_host.Logger, Id, failure);
        }
    }

    private async Task DropMachineAsync()
    {
        if (_machine is not { } machine) return;
        _machine = null;
        _host.Totals.Retire(machine);
        await machine.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<Instance?> LoadAsync(HostLease lease, CancellationToken cancellationToken)
    {
        await using CloudLabDbContext db = await _host.Contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        Instance? row = await Mine(db, lease).AsNoTracking().SingleOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        Remember(row);
        return row;
    }

    /// <returns>The row, or null when it is not this host's any more.</returns>
    private async Task<Instance?> WriteAsync(HostLease lease, Action<Instance> observe, CancellationToken cancellationToken)
    {
        long seen = Interlocked.Read(ref _seenVersion);
        bool isUnseen = false;
        Instance? written = await _host.Contexts.WriteAsync(
            async (db, ct) =>
            {
                Instance? row = await Mine(db, lease).SingleOrDefaultAsync(ct).ConfigureAwait(false);
                isUnseen = row?.Version != seen;
                if (row is not null && row.Observed != ObservedState.Terminated) observe(row);
                return row;
            },
            cancellationToken).ConfigureAwait(false);
        Remember(written);
        // The row was changed since it was loaded, which its new version hides.
        if (isUnseen) Wake();
        return written;
    }

    private void Remember(Instance? row)
    {
        Interlocked.Exchange(ref _seenVersion, row?.Version ?? 0);
        if (row?.Observed == ObservedState.Terminated) TellEnded();
        _written = row?.Checks ?? default;
    }

    private IQueryable<Instance> Mine(CloudLabDbContext db, HostLease lease) =>
        db.Instances.Where(i => i.Id == Id && i.Host == lease.Name && i.HostEpoch == lease.Epoch);

    private static partial class Log
    {
        [LoggerMessage(2101, LogLevel.Debug, "instance {Instance}: {Step}")]
        public static partial void Step(ILogger logger, InstanceId instance, InstanceStep step);

        [LoggerMessage(2102, LogLevel.Warning, "instance {Instance}: a step failed and will be tried again")]
        public static partial void StepFailed(ILogger logger, InstanceId instance, Exception failure);

        [LoggerMessage(2103, LogLevel.Error, "instance {Instance}: its machine could not be started")]
        public static partial void StartFailed(ILogger logger, InstanceId instance, Exception failure);

        [LoggerMessage(2105, LogLevel.Warning, "instance {Instance}: its console output could not be kept")]
        public static partial void ConsoleNotKept(ILogger logger, InstanceId instance, Exception failure);

        [LoggerMessage(2104, LogLevel.Information, "instance {Instance} ended: {Reason}")]
        public static partial void Ended(ILogger logger, InstanceId instance, string? reason);
    }
}
