using CloudLab.ControlPlane.Hosts;
using CloudLab.ControlPlane.Instances;
using CloudLab.Machine;
using CloudLab.Machine.Devices.Virtio.Block;

namespace CloudLab.ControlPlane.Reconciliation;

/// <summary>A machine together with what is watched of its guest.</summary>
/// <remarks>Commands come from one worker, one at a time; suspension from the host's keeper, at any time.</remarks>
internal sealed class RunningMachine : IAsyncDisposable
{
    private static readonly byte[] ShutdownLine = "shutdown\n"u8.ToArray();

    private readonly VirtualMachine _machine;
    private readonly IReadOnlyList<ImageLease> _images;
    private readonly IReadOnlyList<IBlockBackend> _disks;
    private readonly HostServices _host;
    private readonly Action _wake;
    private readonly GuestAgentMonitor _agent;
    private readonly VcpuProgress _progress;
    private readonly bool _hasAgent;
    // Held by whoever is not the worker while it uses the machine, which must not go away meanwhile.
    private readonly SemaphoreSlim _gate = new(1, 1);
    // Guards what the guest was asked for: the worker asks, and the machine's queue tells that it was done.
    private readonly Lock _asking = new();
    private GuestRequest _asked;
    private long _askedAt;
    private int _askedGeneration;
    private int _generation;
    private int _boots = 1;
    private int _ourResets;
    private bool _isDisposed;
    private bool _isSuspended;
    private bool _wasPaused;

    public RunningMachine(MachineResult built, int generation, HostServices host, Action wake)
    {
        VirtualMachine machine = _machine = built.Machine ?? throw new ArgumentException("nothing was built", nameof(built));
        _images = built.Images;
        _disks = built.Disks;
        _host = host;
        _wake = wake;
        _hasAgent = built.HasAgent;
        _generation = generation;
        _agent = new GuestAgentMonitor(host.Options.AgentSilence, host.Time);
        _progress = new VcpuProgress(host.Options.AgentSilence, host.Time);
        machine.StatusChanged += OnStatusChanged;
        machine.AgentReceived += OnAgentReceived;
    }

    /// <summary>The boot generation that it was started, last reset, or rebooted by its guest for.</summary>
    public int Generation
    {
        get
        {
            lock (_asking) return _generation;
        }
    }

    public MachineStatus Status => _machine.Status;

    /// <summary>In how long the guest's time to do what it was asked for is over; null when it was not asked.</summary>
    public TimeSpan? DeadlineIn
    {
        get
        {
            lock (_asking) return _asked == GuestRequest.None ? null : Left();
        }
    }

    /// <summary>What <see cref="InstancePlan"/> needs to know.</summary>
    public MachineView View()
    {
        lock (_asking)
        {
            return new(
                Status.State == MachineState.Stopped ? MachinePresence.Ended : MachinePresence.Alive,
                _generation,
                _asked,
                IsOverdue: _asked != GuestRequest.None && Left() == TimeSpan.Zero);
        }
    }

    public async Task StartAsync()
    {
        await _machine.StartAsync().ConfigureAwait(false);
        await FollowSuspensionAsync().ConfigureAwait(false);
    }

    public async Task ResetAsync(int generation)
    {
        Interlocked.Increment(ref _ourResets);
        await _machine.ResetAsync().ConfigureAwait(false);
        // A guest that ended in between was not reset.
        if (Status.State == MachineState.Stopped) return;
        lock (_asking) (_generation, _asked) = (generation, GuestRequest.None);
    }

    /// <summary>Asks by both ways a guest may know, and starts the clock.</summary>
    public Task AskForShutdownAsync() => AskAsync(GuestRequest.ShutDown, 0);

    /// <summary>As <see cref="AskForShutdownAsync"/>; the machine boots again, for this generation, when the guest is down.</summary>
    public Task AskForRebootAsync(int generation) => AskAsync(GuestRequest.Reboot, generation);

    public Task StopAsync() => _machine.StopAsync();

    /// <summary>Pauses or resumes the machine, as the host's session says now. Any thread, any number of times.</summary>
    public async Task FollowSuspensionAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_isDisposed) return;
            if (_host.Session.IsSuspended)
            {
                // Also one that is paused for want of memory: it must not go on when there is some.
                await _machine.PauseAsync().ConfigureAwait(false);
                _isSuspended = true;
            }
            else if (_isSuspended)
            {
                _isSuspended = false;
                await _machine.ResumeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The status checks now, or null while the machine stands still and nothing can be said. The worker's only.</summary>
    public InstanceChecks? Check() => Status switch
    {
        { State: MachineState.Running } => new(_progress.Check(_machine.ReadMetrics()), AgentCheck(), IsShortOfMemory: false),
        { PauseReason: PauseReason.InsufficientHostMemory } => new(CheckStatus.Impaired, AgentCheck(), IsShortOfMemory: true),
        _ => null,
    };

    /// <summary>What is known now, for whoever asks. Any thread.</summary>
    public InstanceHealth Health(CheckStatus system) =>
        new(system, AgentCheck(), _agent.Release, _agent.Uptime, _agent.GarbageLines);

    /// <summary>The counters. Any thread, while the machine is known not to go.</summary>
    public MachineMetrics ReadMetrics() => _machine.ReadMetrics();

    /// <summary>The counters, or null when the machine has just gone. Any thread.</summary>
    public async Task<MachineMetrics?> ReadMetricsAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _isDisposed ? null : _machine.ReadMetrics();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _machine.StatusChanged -= OnStatusChanged;
        _machine.AgentReceived -= OnAgentReceived;
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            _isDisposed = true;
            await _machine.DisposeAsync().ConfigureAwait(false);
            foreach (ImageLease image in _images) image.Dispose();
            foreach (IBlockBackend disk in _disks) await disk.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task AskAsync(GuestRequest request, int generation)
    {
        lock (_asking)
        {
            (_asked, _askedGeneration) = (request, generation);
            _askedAt = _host.Time.GetTimestamp();
            _machine.RebootsOnPowerOff = request == GuestRequest.Reboot;
        }

        _machine.TrySendToAgent(ShutdownLine);
        await _machine.PressPowerKeyAsync().ConfigureAwait(false);
    }

    private TimeSpan Left()
    {
        TimeSpan left = _host.Options.StopTimeout - _host.Time.GetElapsedTime(_askedAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private CheckStatus AgentCheck() => _hasAgent ? _agent.Check : CheckStatus.NotAvailable;

    private void OnStatusChanged(MachineStatus status)
    {
        if (status.Boots > _boots)
        {
            int ours = Interlocked.Exchange(ref _ourResets, 0) + NoteReboot();
            _host.Metrics.GuestReset(Math.Max(0, status.Boots - _boots - ours));
            _boots = status.Boots;
            _agent.Reset();
        }

        // What the guest did not say while it stood still is not held against it.
        if (_wasPaused && status.State == MachineState.Running) _agent.Excuse();
        _wasPaused = status.State == MachineState.Paused;
        _wake();
    }

    // A guest that was to reboot has booted again, by itself or by the machine: it did what it was asked for.
    private int NoteReboot()
    {
        lock (_asking)
        {
            if (_asked != GuestRequest.Reboot) return 0;
            (_generation, _asked) = (_askedGeneration, GuestRequest.None);
        }

        _host.Metrics.Booted();
        return 1;
    }

    private void OnAgentReceived(ReadOnlyMemory<byte> bytes)
    {
        // A guest that was asked before it listened is asked again when it does.
        if (!_hasAgent || !_agent.Receive(bytes.Span)) return;
        lock (_asking)
            if (_asked == GuestRequest.None)
                return;
        _machine.TrySendToAgent(ShutdownLine);
    }
}
