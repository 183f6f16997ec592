using CloudLab.Machine.Memory;
using CloudLab.Machine.State;

namespace CloudLab.Machine.Devices.Virtio;

/// <summary>
/// What all virtio devices share, whatever their transport: status, features, queues, interrupts, and the way requests
/// flow.
/// </summary>
/// <remarks>
/// <code>
/// vCPU:  MMIO ─▶ VirtioMmioTransport ─▶ Notify ─▶ Process ─▶ HandleNext (a device kit) ─▶ backend
/// pool:  backend done ─▶ the kit's completion ─▶ Push ─▶ used ring, interrupt line
/// </code>
/// One lock, <see cref="Lock"/>, guards all state of a device, its queues and its configuration. It is taken by vCPU
/// threads and by completions; with it held a device calls nothing but guest memory and its interrupt line.
/// <para>
/// A reset by the driver takes effect at once, but requests that a backend still works on cannot be called back: they
/// become orphans, which touch no ring any more. Until the last has ended the status reads as ACKNOWLEDGE instead of 0,
/// so that a driver which waits as the specification says frees no buffer too early, and no new request is begun; a
/// driver that does not wait (Linux) can go on with its set-up meanwhile.
/// </para>
/// </remarks>
internal abstract class VirtioDevice
{
    private readonly IInterruptLine _line;
    private readonly QueuePump[] _pumps;
    private VirtioDeviceState _state;
    private int _inFlight;
    private bool _orphans;
    private bool _quiesced;
    private TaskCompletionSource? _drained;

    protected VirtioDevice(
        GuestMemory memory, IInterruptLine line, VirtioMetrics metrics, uint deviceType, ulong features, params ReadOnlySpan<int> queueSizes)
    {
        _line = line;
        Metrics = metrics;
        DeviceType = deviceType;
        Features = features | VirtioFeatures.Common;
        Queues = new VirtQueue[queueSizes.Length];
        _pumps = new QueuePump[queueSizes.Length];
        for (int i = 0; i < queueSizes.Length; i++)
        {
            Queues[i] = new VirtQueue(memory, queueSizes[i]);
            _pumps[i] = new QueuePump(this, i);
        }
    }

    /// <summary>Guards everything; the transport holds it around the members marked so.</summary>
    public Lock Lock { get; } = new();

    public VirtioMetrics Metrics { get; }

    /// <summary>See <see cref="VirtioDeviceType"/>.</summary>
    public uint DeviceType { get; }

    /// <summary>The features offered.</summary>
    public ulong Features { get; }

    /// <summary>The status register. Under the lock.</summary>
    public uint Status => _orphans && _state.Status == 0 ? VirtioStatus.Acknowledge : _state.Status;

    /// <summary>The pending interrupts. Under the lock.</summary>
    public uint InterruptStatus => _state.InterruptStatus;

    /// <summary>Changes with the configuration. Under the lock.</summary>
    public uint ConfigGeneration => _state.ConfigGeneration;

    public VirtQueue[] Queues { get; }

    /// <summary>The configuration space as it reads now. Under the lock.</summary>
    public abstract ReadOnlySpan<byte> Config { get; }

    /// <summary>Whether a driver has brought the device up. Under the lock.</summary>
    protected bool DriverReady => (_state.Status & VirtioStatus.DriverOk) != 0;

    /// <summary>Whether a driver has brought the device up and accepted all of these features. Under the lock.</summary>
    protected bool HasAccepted(ulong features) => DriverReady && (_state.DriverFeatures & features) == features;

    // Whether requests may be taken from the rings.
    private bool Running => (_state.Status & (VirtioStatus.DriverOk | VirtioStatus.DeviceNeedsReset)) == VirtioStatus.DriverOk
        && !_quiesced && !_orphans;

    /// <summary>Power-on: as a reset by the driver; also ends a drain.</summary>
    public void Reset()
    {
        lock (Lock)
        {
            _quiesced = false;
            ResetLocked();
        }
    }

    /// <summary>
    /// Takes no more requests from the rings; the task ends when none is in flight. Then, with no vCPU running, the
    /// device touches neither guest memory nor backend until <see cref="Resume"/> or <see cref="Reset"/>.
    /// </summary>
    public Task DrainAsync()
    {
        lock (Lock)
        {
            _quiesced = true;
            if (_inFlight == 0) return Task.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>Goes on after <see cref="DrainAsync"/>.</summary>
    public void Resume()
    {
        lock (Lock) _quiesced = false;
        ProcessAll();
    }

    /// <summary>Writes the device and its queues into the open section. Under the lock, after <see cref="DrainAsync"/>.</summary>
    public void Save(MachineStateWriter writer)
    {
        writer.Write(_state.Status);
        writer.Write(_state.DriverFeatures);
        writer.Write(_state.InterruptStatus);
        writer.Write(_state.ConfigGeneration);
        writer.Write((ushort)Queues.Length);
        foreach (VirtQueue queue in Queues) queue.Save(writer);
        SaveKit(writer);
    }

    /// <summary>Takes over what <see cref="Save"/> wrote; the device is as after a drain, until <see cref="Resume"/>. Under the lock.</summary>
    /// <exception cref="MachineException">It is in a state that no device can be in, or uses a feature that this one lacks.</exception>
    public void Restore(MachineStateReader reader)
    {
        _quiesced = true;
        _state = new VirtioDeviceState
        {
            Status = reader.ReadUInt32(255),
            DriverFeatures = reader.ReadUInt64(),
            InterruptStatus = reader.ReadUInt32(),
            ConfigGeneration = reader.ReadUInt32(),
        };
        bool negotiated = (_state.Status & VirtioStatus.FeaturesOk) != 0;
        if (!negotiated && DriverReady) reader.Refuse("is in use without features");
        if (negotiated && (_state.DriverFeatures & ~Features) != 0) reader.Refuse("uses features that the device does not have");
        if (reader.ReadUInt16() != Queues.Length) reader.Refuse("has another number of queues");
        foreach (VirtQueue queue in Queues)
        {
            queue.Restore(reader);
            if (negotiated) queue.SetFeatures(_state.DriverFeatures);
        }

        RestoreKit(reader);
        _line.Set(_state.InterruptStatus != 0);
    }

    /// <summary>Writes what the kit remembers beside its queues into the open section. Under the lock.</summary>
    protected virtual void SaveKit(MachineStateWriter writer)
    {
    }

    /// <summary>Takes over what <see cref="SaveKit"/> wrote. Under the lock.</summary>
    protected virtual void RestoreKit(MachineStateReader reader)
    {
    }

    /// <summary>Sets 32 of the driver's feature bits. Under the lock.</summary>
    public void SetDriverFeatures(uint half, uint value)
    {
        if (half > 1 || (_state.Status & VirtioStatus.FeaturesOk) != 0)
        {
            Metrics.CountBadAccess();
            return;
        }

        int shift = (int)half * 32;
        _state.DriverFeatures = (_state.DriverFeatures & ~(0xffff_ffffUL << shift)) | ((ulong)value << shift);
    }

    /// <summary>The driver writes the status register (virtio 1.3, sections 2.1 and 3.1). Under the lock.</summary>
    /// <returns>Whether the driver is ready now; then <see cref="ProcessAll"/> follows, without the lock.</returns>
    public bool SetStatus(uint value)
    {
        if (value == 0)
        {
            ResetLocked();
            return false;
        }

        const uint DriverBits = VirtioStatus.Acknowledge | VirtioStatus.Driver | VirtioStatus.FeaturesOk | VirtioStatus.DriverOk
            | VirtioStatus.Failed;
        uint added = value & DriverBits & ~_state.Status;
        bool featuresFit = (_state.DriverFeatures & ~Features) == 0 && (_state.DriverFeatures & VirtioFeatures.Version1) != 0;
        if (!featuresFit) added &= ~VirtioStatus.FeaturesOk;
        _state.Status |= added & ~VirtioStatus.DriverOk;
        if ((added & VirtioStatus.FeaturesOk) != 0)
            foreach (VirtQueue queue in Queues)
                queue.SetFeatures(_state.DriverFeatures);
        if ((added & VirtioStatus.DriverOk) == 0) return false;
        if ((_state.Status & VirtioStatus.FeaturesOk) == 0)
        {
            NeedReset();
            return false;
        }

        _state.Status |= VirtioStatus.DriverOk;
        return true;
    }

    /// <summary>The driver sets a queue up or takes it away. Under the lock.</summary>
    public void SetQueueReady(VirtQueue queue, bool ready)
    {
        if (!ready)
        {
            queue.Disable();
            _orphans |= _inFlight > 0;
        }
        else if ((_state.Status & VirtioStatus.FeaturesOk) == 0 || queue.Ready)
        {
            Metrics.CountBadAccess();
        }
        else if (!queue.TryEnable())
        {
            NeedReset();
        }
    }

    /// <summary>The driver has seen the interrupts in <paramref name="bits"/>. Under the lock.</summary>
    public void AcknowledgeInterrupt(uint bits)
    {
        _state.InterruptStatus &= ~bits;
        _line.Set(_state.InterruptStatus != 0);
    }

    /// <summary>The driver writes the configuration space. Under the lock.</summary>
    public virtual void WriteConfig(ulong offset, int size, ulong value) => Metrics.CountBadAccess();

    /// <summary>The driver added buffers to a queue. Without the lock.</summary>
    public void Notify(uint queue)
    {
        Metrics.CountNotification();
        if (queue < (uint)Queues.Length) Process((int)queue);
        else Metrics.CountBadAccess();
    }

    /// <summary>Handles what waits in all queues. Without the lock.</summary>
    public void ProcessAll()
    {
        for (int queue = 0; queue < Queues.Length; queue++) Process(queue);
    }

    /// <summary>
    /// Handles what waits in a queue, at most one ring's worth: a guest whose other harts add requests as fast as they
    /// are handled keeps this thread no longer; a pool thread goes on. Without the lock.
    /// </summary>
    protected void Process(int queue)
    {
        for (int handled = 0; handled < Queues[queue].MaxSize; handled++)
            if (!HandleNext(queue))
                return;
        _pumps[queue].Schedule();
    }

    /// <summary>Takes one request from a queue and handles or begins it. Without the lock.</summary>
    /// <returns>False when there is none, or nothing to give the driver for it.</returns>
    protected abstract bool HandleNext(int queue);

    /// <summary>Forgets what the driver had set up in the kit. Under the lock.</summary>
    protected virtual void OnReset()
    {
    }

    /// <summary>Takes the next request of a queue, if the device is running. Under the lock.</summary>
    protected bool TryTake(VirtQueue queue, DescriptorChain chain)
    {
        if (!Running) return false;
        PopResult result = queue.TryPop(chain);
        if (result == PopResult.Broken) NeedReset();
        return result == PopResult.Chain;
    }

    /// <summary>Gives a request back to the driver. Under the lock.</summary>
    protected void Return(VirtQueue queue, ushort head, uint written)
    {
        if (queue.Push(head, written)) Interrupt(VirtioInterrupt.UsedBuffer);
    }

    /// <summary>A request begins that ends later, on whatever thread. Under the lock.</summary>
    protected void BeginRequest() => _inFlight++;

    /// <summary>A request has ended. Under the lock.</summary>
    /// <returns>Whether it was the last orphan: <see cref="ProcessAll"/> follows, without the lock.</returns>
    protected bool EndRequest()
    {
        if (--_inFlight > 0) return false;
        _drained?.SetResult();
        _drained = null;
        bool orphans = _orphans;
        _orphans = false;
        return orphans;
    }

    /// <summary>Tells the driver that the configuration changed. Under the lock.</summary>
    protected void ConfigChanged()
    {
        _state.ConfigGeneration++;
        if ((_state.Status & VirtioStatus.DriverOk) != 0) Interrupt(VirtioInterrupt.ConfigurationChange);
    }

    /// <summary>The driver broke the rules in a way that leaves no other answer (virtio 1.3, section 2.1.2). Under the lock.</summary>
    protected void NeedReset()
    {
        if ((_state.Status & VirtioStatus.DeviceNeedsReset) != 0) return;
        _state.Status |= VirtioStatus.DeviceNeedsReset;
        Metrics.CountNeedsReset();
        if ((_state.Status & VirtioStatus.DriverOk) != 0) Interrupt(VirtioInterrupt.ConfigurationChange);
    }

    private void Interrupt(uint bits)
    {
        _state.InterruptStatus |= bits;
        Metrics.CountInterrupt();
        _line.Set(true);
    }

    private void ResetLocked()
    {
        _state = new VirtioDeviceState { ConfigGeneration = _state.ConfigGeneration };
        foreach (VirtQueue queue in Queues) queue.Reset();
        _orphans = _inFlight > 0;
        OnReset();
        _line.Set(false);
    }

    // Goes on with a queue on the pool; queued at most once at a time.
    private sealed class QueuePump(VirtioDevice device, int queue) : IThreadPoolWorkItem
    {
        private int _queued;

        public void Schedule()
        {
            if (Interlocked.Exchange(ref _queued, 1) == 0) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        public void Execute()
        {
            Volatile.Write(ref _queued, 0);
            device.Process(queue);
        }
    }
}
