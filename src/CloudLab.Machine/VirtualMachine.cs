using System.Threading.Channels;
using CloudLab.Machine.Devices;
using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Devices.Virtio.Scsi;
using CloudLab.Machine.Memory;
using CloudLab.Machine.Scheduling;
using CloudLab.Machine.State;

namespace CloudLab.Machine;

/// <summary>One machine: a state machine that takes its commands from a queue, one at a time.</summary>
/// <remarks>
/// <code>
///   Created ── Start ──▶ Running ◀── Resume ── Paused
///      │                  │  │ ▲                ▲ │
///      │                  │  │ └─ Reset         │ │
///      │                  │  └───── Pause ──────┘ │
///      └──────── Stop ────┴──▶ Stopped ◀── Stop ──┘
/// </code>
/// Where more memory is promised than the host has, a machine also pauses by itself, before an instruction or a request
/// that needs memory which is not there, and goes on by itself when it is; see <see cref="PauseReason"/>.
/// <para>
/// Methods may be called from any thread and are idempotent; each ends when its command has been carried out. What the
/// guest itself wishes (power-off, reboot) goes through the same queue. Events are raised from the queue, in order;
/// their handlers must not wait for a command of the same machine.
/// </para>
/// </remarks>
public sealed class VirtualMachine : IAsyncDisposable, IPowerControl
{
    private readonly VcpuScheduler _scheduler;
    private readonly Action<VirtualMachine> _released;
    private readonly VirtBoard _board;
    private readonly VcpuTask[] _tasks = [];
    private readonly Channel<Func<Task>> _commands = Channel.CreateUnbounded<Func<Task>>();
    private readonly Task _queue;
    private readonly MemoryAccount? _memory;
    private readonly TaskCompletionSource _firstSlice = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile MachineStatus _status = new(MachineState.Created, StopReason.None, null, 0);
    private volatile bool _rebootsOnPowerOff;
    private int _isGoingDown;
    private int _incarnation;
    private int _isFaultReported;
    private int _isDisposed;
    private int _isFollowingMemory;
    // Whether somebody wants it paused, whatever else it waits for. The queue's own.
    private bool _isHeld;

    internal VirtualMachine(
        MachineSpec spec, VcpuScheduler scheduler, HypervisorOptions options, MemoryAccount? memory, Action<VirtualMachine> released)
    {
        Spec = spec;
        _scheduler = scheduler;
        _released = released;
        _board = new VirtBoard(spec, options, memory, this, Wake);
        var allowance = new CpuAllowance(Math.Min(spec.CpuCap, options.Workers), VcpuScheduler.Now);
        _tasks =
        [
            .. _board.Vcpus.Select(vcpu => new VcpuTask(
                vcpu, allowance, spec.CpuWeight, _board.Clock.Until, vcpu.Hart.Id == 0 ? AfterBootSlice : _board.Uart.Flush, ReportFault)),
        ];
        _board.Agent.Received += bytes => AgentReceived?.Invoke(bytes);
        _queue = Task.Run(RunQueueAsync);
        _memory = memory;
        if (memory is not null) memory.Changed = FollowMemory;
    }

    /// <summary>The spec it was made from.</summary>
    public MachineSpec Spec { get; }

    /// <summary>The state now.</summary>
    public MachineStatus Status => _status;

    /// <summary>
    /// Whether the guest's next power-off is taken for a reset: for a guest that knows how to go down, and is to come up
    /// again. False after each boot. Any thread.
    /// </summary>
    public bool RebootsOnPowerOff
    {
        get => _rebootsOnPowerOff;
        set => _rebootsOnPowerOff = value;
    }

    /// <summary>Commands that wait to be carried out.</summary>
    internal int QueuedCommands => _commands.Reader.Count;

    /// <summary>Where its RAM lies in the host's address space, to be told from what it costs beside.</summary>
    // SAFETY: the pointer is a number here; nothing is read through it.
    internal unsafe (ulong Start, ulong End) RamInHost => ((ulong)_board.Memory.Host, (ulong)_board.Memory.Host + _board.Memory.Size);

    /// <summary>Raised after each change of <see cref="Status"/>, with the new one; a reboot shows as <c>Boots</c> + 1.</summary>
    public event Action<MachineStatus>? StatusChanged;

    /// <summary>Bytes that the guest's agent wrote to its port <c>org.cloudlab.agent.0</c>. Raised on a vCPU's thread: be quick, do not throw, do not keep the memory.</summary>
    public event Action<ReadOnlyMemory<byte>>? AgentReceived;

    /// <summary>Loads RAM and starts the boot hart. Ends when it has executed, and the machine is Running.</summary>
    public Task StartAsync() => CommandAsync(async () =>
    {
        if (_status.State != MachineState.Created) return;
        _board.Load();
        await RunVcpusAsync().ConfigureAwait(false);
        SetStatus(new MachineStatus(MachineState.Running, StopReason.None, null, 1));
    });

    /// <summary>Ends when no vCPU executes, and none will before <see cref="ResumeAsync"/>. Nothing when paused so already.</summary>
    public Task PauseAsync() => CommandAsync(() => HoldAsync(true));

    /// <summary>Goes on after a pause, now or, while the host has no memory for it, later.</summary>
    public Task ResumeAsync() => CommandAsync(() => HoldAsync(false));

    /// <summary>Clears RAM, resets every device and boots again, from Running or Paused.</summary>
    public Task ResetAsync() => CommandAsync(RebootAsync);

    /// <summary>
    /// Saves the machine, running or paused, so that <see cref="Hypervisor.RestoreAsync(MachineSpec, Stream, string, CancellationToken)"/> can make another that goes on
    /// from there. It does not execute meanwhile, device I/O is drained, and it goes on afterwards as it was.
    /// </summary>
    /// <param name="state">
    /// Receives everything but RAM and the disks' content, which stays with their backends; of disks that are plugged in, where.
    /// </param>
    /// <param name="ramFile">
    /// The path of the file that receives RAM; replaced as a whole if it exists. Its size is that of RAM, without the pages
    /// that are zero.
    /// </param>
    /// <exception cref="MachineException">It is neither running nor paused, or its guest has just powered off or reset.</exception>
    /// <exception cref="IOException">The stream or the file failed; the machine goes on.</exception>
    public async Task SaveAsync(Stream state, string ramFile, CancellationToken cancellationToken)
    {
        bool isSaved = false;
        await CommandAsync(async () =>
        {
            bool isRunning = _status.State == MachineState.Running;
            if (!isRunning && _status.State != MachineState.Paused) throw new MachineException("a machine can be saved only while it runs or is paused");
            if (isRunning) await HaltVcpusAsync().ConfigureAwait(false);
            try
            {
                // What the guest asked for waits in the queue of commands, which is not saved.
                if (Volatile.Read(ref _isGoingDown) != 0) throw new MachineException("the guest is powering off or resetting");
                byte[] bytes = await _board.SaveAsync(_status.Boots, ramFile, cancellationToken).ConfigureAwait(false);
                await state.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
                isSaved = true;
            }
            finally
            {
                if (isRunning) await RunVcpusAsync().ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        ObjectDisposedException.ThrowIf(!isSaved, this);
    }

    /// <summary>Presses the power key; the guest may or may not answer it.</summary>
    public Task PressPowerKeyAsync() => CommandAsync(() =>
    {
        if (_status.State == MachineState.Running) _board.PressPowerKey();
        return Task.CompletedTask;
    });

    /// <summary>
    /// Plugs a disk in, in any state but Stopped; a guest that runs is told and names it <c>/dev/sda</c> or what is free.
    /// It stays through reboots. The caller keeps owning it, and does not dispose of it before it is detached or the
    /// machine is disposed of.
    /// </summary>
    /// <param name="lun">The logical unit number, 0 to 31.</param>
    /// <param name="disk">The disk.</param>
    /// <returns>False, and nothing done, when the number is taken or the machine has stopped.</returns>
    public async Task<bool> AttachDiskAsync(int lun, IBlockBackend disk)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)lun, (uint)ScsiTarget.MaxUnits, nameof(lun));
        bool isAttached = false;
        await CommandAsync(() =>
        {
            isAttached = _status.State != MachineState.Stopped && _board.Adapter.TryAttach(lun, disk);
            return Task.CompletedTask;
        }).ConfigureAwait(false);
        return isAttached;
    }

    /// <summary>
    /// Pulls a disk out. A guest that runs is told, and what it has not yet written is lost. Ends when the disk is not
    /// used any more. Nothing when there is no disk with that number.
    /// </summary>
    public Task DetachDiskAsync(int lun)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)lun, (uint)ScsiTarget.MaxUnits, nameof(lun));
        return CommandAsync(() => _board.Adapter.DetachAsync(lun));
    }

    /// <summary>Stops at once, without asking the guest. Ends when no vCPU executes and device I/O has drained.</summary>
    public Task StopAsync() => CommandAsync(() => HaltAsync(StopReason.Requested, null));

    /// <summary>Sends bytes to the agent's port; false, and nothing sent, when the guest has not opened it or its queue is full.</summary>
    public bool TrySendToAgent(ReadOnlySpan<byte> bytes) => _status.State == MachineState.Running && _board.Agent.TrySend(bytes);

    /// <summary>Counters up to now, of each vCPU and summed up. Any thread; the guest does not stop for it.</summary>
    public MachineMetrics ReadMetrics()
    {
        VcpuMetrics[] vcpus = [.. _tasks.Select(ReadMetrics)];
        var exits = new Dictionary<string, ulong>();
        var traps = new Dictionary<string, ulong>();
        ulong instructions = 0;
        TimeSpan cpu = default, steal = default;
        foreach (VcpuMetrics vcpu in vcpus)
        {
            instructions += vcpu.Instructions;
            cpu += vcpu.CpuTime;
            steal += vcpu.StealTime;
            Add(exits, vcpu.Exits);
            Add(traps, vcpu.Traps);
        }

        return new MachineMetrics(instructions, cpu, steal, exits, traps) { Vcpus = vcpus };

        static void Add(Dictionary<string, ulong> sums, IReadOnlyDictionary<string, ulong> counters)
        {
            foreach ((string name, ulong count) in counters) sums[name] = sums.GetValueOrDefault(name) + count;
        }
    }

    /// <summary>Stops the machine and frees all it holds. Not from one of its own events.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        await StopAsync().ConfigureAwait(false);
        _commands.Writer.Complete();
        await _queue.ConfigureAwait(false);
        _board.Dispose();
        _released(this);
    }

    /// <summary>Takes over a saved state, in place of <see cref="StartAsync"/>. Ends when the machine is Paused.</summary>
    /// <exception cref="MachineException">The state is damaged or of another machine; this one must be disposed of.</exception>
    /// <exception cref="IOException">The RAM file could not be read; this machine must be disposed of.</exception>
    internal Task RestoreAsync(
        MachineStateReader state, IReadOnlyDictionary<int, IBlockBackend> pluggedDisks, string ramFile, CancellationToken cancellationToken) =>
        CommandAsync(async () =>
        {
            int boots = await _board.RestoreAsync(state, pluggedDisks, ramFile, cancellationToken).ConfigureAwait(false);
            _isHeld = true;
            SetStatus(new MachineStatus(MachineState.Paused, StopReason.None, null, boots, PauseReason: PauseReason.Requested));
        });

    void IPowerControl.PowerOff() =>
        GoDown(() => _rebootsOnPowerOff ? RebootAsync() : HaltAsync(StopReason.GuestPowerOff, "the guest powered off", 0));

    void IPowerControl.Reset() => GoDown(RebootAsync);

    void IPowerControl.Fail(int code) => GoDown(() => HaltAsync(StopReason.GuestFailure, $"the guest reported failure {code}", code));

    /// <summary>
    /// Queues the guest's first wish of its life; a guest that goes on wishing would fill the queue, and one that was
    /// reset meanwhile must not have it held against its successor.
    /// </summary>
    private void GoDown(Func<Task> command)
    {
        if (Interlocked.Exchange(ref _isGoingDown, 1) != 0) return;
        int incarnation = _incarnation;
        Post(() => incarnation == _incarnation ? command() : Task.CompletedTask);
    }

    private void Wake(int hart)
    {
        // Devices drive their lines to rest while the board is being built, before there is anything to wake.
        if (hart < _tasks.Length) _scheduler.Wake(_tasks[hart]);
    }

    private void ReportFault(Exception fault)
    {
        _firstSlice.TrySetResult();
        if (Interlocked.Exchange(ref _isFaultReported, 1) != 0) return;
        Post(() => HaltAsync(StopReason.InternalError, DetailOf(fault)));
    }

    private async Task RebootAsync()
    {
        if (_status.State is not (MachineState.Running or MachineState.Paused)) return;
        await HaltVcpusAsync().ConfigureAwait(false);
        // No vCPU runs, so no wish of the life that ends comes after this.
        _incarnation++;
        _rebootsOnPowerOff = false;
        Volatile.Write(ref _isGoingDown, 0);
        _board.Reset();
        _board.Load();
        _isHeld = false;
        await RunVcpusAsync().ConfigureAwait(false);
        SetStatus(new MachineStatus(MachineState.Running, StopReason.None, null, _status.Boots + 1));
    }

    private async Task HaltAsync(StopReason reason, string? detail, int? exitCode = null)
    {
        if (_status.State == MachineState.Stopped) return;
        await HaltVcpusAsync().ConfigureAwait(false);
        _memory?.StopWaiting();
        SetStatus(new MachineStatus(MachineState.Stopped, reason, detail, _status.Boots, exitCode));
    }

    private Task HoldAsync(bool isHeld)
    {
        if (_status.State is not (MachineState.Running or MachineState.Paused)) return Task.CompletedTask;
        _isHeld = isHeld;
        return SettleAsync();
    }

    /// <summary>The budget has refused memory, or granted what it had refused. Any thread.</summary>
    private void FollowMemory()
    {
        // What comes before the command is carried out is seen by it.
        if (Interlocked.Exchange(ref _isFollowingMemory, 1) != 0) return;
        Post(() =>
        {
            Interlocked.Exchange(ref _isFollowingMemory, 0);
            if (_status.State is not (MachineState.Running or MachineState.Paused)) return Task.CompletedTask;
            // Devices that were refused and then granted before the machine could pause take up their requests again.
            if (_status.State == MachineState.Running) _board.ResumeDevices();
            return SettleAsync();
        });
    }

    /// <summary>Lets a running or paused machine stand still while it is held or waits for memory, and run otherwise.</summary>
    private async Task SettleAsync()
    {
        PauseReason reason = PauseReason.None;
        if (_memory is { IsWaiting: true }) reason = PauseReason.InsufficientHostMemory;
        else if (_isHeld) reason = PauseReason.Requested;
        if (reason == _status.PauseReason) return;
        if (_status.State == MachineState.Running) await HaltVcpusAsync().ConfigureAwait(false);
        else if (reason == PauseReason.None) await RunVcpusAsync().ConfigureAwait(false);
        SetStatus(_status with
        {
            State = reason == PauseReason.None ? MachineState.Running : MachineState.Paused,
            PauseReason = reason,
            Detail = reason == PauseReason.InsufficientHostMemory
                ? $"the guest needs more memory, and the {_memory!.Limit >> 20} MiB that the host gives to guests are used up"
                : null,
        });
    }

    private async Task RunVcpusAsync()
    {
        _board.ResumeDevices();
        _board.Clock.Start();
        foreach (VcpuTask task in _tasks) _scheduler.Resume(task);
        // Until the boot hart's first slice is over, so that Running means that the guest has executed. It may have retired
        // nothing: a kernel whose first instruction traps for ever runs too.
        if (_status.State == MachineState.Created) await _firstSlice.Task.ConfigureAwait(false);
    }

    private void AfterBootSlice()
    {
        _firstSlice.TrySetResult();
        _board.Uart.Flush();
    }

    private async Task HaltVcpusAsync()
    {
        await Task.WhenAll(_tasks.Select(_scheduler.ParkAsync)).ConfigureAwait(false);
        _board.Clock.Freeze();
        await _board.DrainAsync().ConfigureAwait(false);
        try
        {
            _board.Uart.Flush();
        }
        catch (Exception fault)
        {
            // A console that fails must not keep its machine from stopping.
            ReportFault(fault);
        }
    }

    private void SetStatus(MachineStatus status)
    {
        _status = status;
        StatusChanged?.Invoke(status);
    }

    /// <summary>Queues what the guest or the VMM itself wishes. Where it fails, nobody waits who could be told: the machine stops.</summary>
    private void Post(Func<Task> command) => _commands.Writer.TryWrite(async () =>
    {
        try
        {
            await command().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            await StopBrokenAsync(fault).ConfigureAwait(false);
        }
    });

    private async Task StopBrokenAsync(Exception fault)
    {
        if (_status.State == MachineState.Stopped) return;
        await Task.WhenAll(_tasks.Select(_scheduler.ParkAsync)).ConfigureAwait(false);
        _memory?.StopWaiting();
        _status = new MachineStatus(MachineState.Stopped, StopReason.InternalError, DetailOf(fault), _status.Boots);
        try
        {
            StatusChanged?.Invoke(_status);
        }
        catch (Exception)
        {
            // It may be the observer that is broken: its machine has been stopped for that, and the queue lives on.
        }
    }

    private VcpuMetrics ReadMetrics(VcpuTask task)
    {
        var exits = new Dictionary<string, ulong>();
        var traps = new Dictionary<string, ulong>();
        task.Engine.ReadCounters(exits, traps);
        (TimeSpan cpu, TimeSpan steal) = _scheduler.ReadTimes(task);
        return new VcpuMetrics(task.Engine.Instructions, cpu, steal, exits, traps);
    }

    private static string DetailOf(Exception fault) => $"a fault in the virtual machine monitor: {fault}";

    private Task CommandAsync(Func<Task> command)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool isQueued = _commands.Writer.TryWrite(async () =>
        {
            try
            {
                await command().ConfigureAwait(false);
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return isQueued ? done.Task : Task.CompletedTask;
    }

    private async Task RunQueueAsync()
    {
        await foreach (Func<Task> command in _commands.Reader.ReadAllAsync().ConfigureAwait(false))
            await command().ConfigureAwait(false);
    }
}
