using CloudLab.Machine.Devices.Virtio.Block;
using CloudLab.Machine.Memory;
using CloudLab.Machine.State;

namespace CloudLab.Machine.Devices.Virtio.Scsi;

/// <summary>
/// A SCSI host adapter (virtio 1.3, section 5.6) with one target, whose logical units are disks that come and go while
/// the guest runs.
/// </summary>
/// <remarks>
/// <code>
/// request queue ─▶ ScsiRequest ─▶ ScsiTarget ─▶ ScsiUnit ─┬▶ answered at once (what the disk is like)
///                                                         └▶ IBlockBackend ─▶ Complete ─▶ answered
/// control queue ─▶ ScsiTask      attach, detach, resize ─▶ ScsiEvent ─▶ event queue
/// </code>
/// As with <see cref="BlockDevice"/>, requests run in their backends side by side and complete on any thread; a backend
/// is called without the device's lock, and its exceptions are answered as an error of the medium.
/// </remarks>
internal sealed partial class ScsiDevice : VirtioDevice, IDisposable
{
    /// <summary>The number of requests that can be under way, and of descriptors in a request.</summary>
    public const int QueueSize = 128;

    private const int EventQueueSize = 16;

    private readonly GuestMemory _memory;
    private readonly ScsiTarget _target = new();
    private readonly ScsiState _state = new();
    private readonly ScsiConfig _config;
    private readonly DescriptorChain _eventChain;
    private readonly List<ScsiRequest> _requests = [];
    private readonly Stack<ScsiRequest> _idle = new();
    private readonly List<ScsiTask> _waiting = [];
    private ScsiTask _nextTask;
    private ulong _sequence;

    public ScsiDevice(GuestMemory memory, IInterruptLine line)
        : base(memory, line, new ScsiMetrics(), VirtioDeviceType.Scsi, ScsiFeatures.Hotplug | ScsiFeatures.Change,
            QueueSize, EventQueueSize, QueueSize)
    {
        _memory = memory;
        _config = new ScsiConfig(_state);
        _eventChain = new DescriptorChain(memory);
        _nextTask = new ScsiTask(memory);
    }

    public new ScsiMetrics Metrics => (ScsiMetrics)base.Metrics;

    public override ReadOnlySpan<byte> Config => _config.Bytes;

    protected override void SaveKit(MachineStateWriter writer)
    {
        writer.Write(_state.SenseSize);
        writer.Write(_state.CdbSize);
        writer.Write(_state.EventsMissed);
        writer.Write((byte)_state.Events.Count);
        foreach (ScsiEvent happened in _state.Events)
        {
            writer.Write(happened.Event);
            writer.Write((byte)happened.Lun);
            writer.Write(happened.Reason);
        }
    }

    protected override void RestoreKit(MachineStateReader reader)
    {
        _state.Clear();
        _state.SenseSize = reader.ReadUInt32(ScsiState.MaxSenseSize);
        _state.CdbSize = reader.ReadUInt32(ScsiState.MaxCdbSize);
        _state.EventsMissed = reader.ReadBool();
        for (int count = reader.ReadByte(ScsiState.EventCapacity); count > 0; count--)
            _state.Events.Enqueue(new ScsiEvent(reader.ReadUInt32(), reader.ReadByte(ScsiTarget.MaxUnits - 1), reader.ReadUInt32()));
        _config.Update(_state);
    }

    public override void WriteConfig(ulong offset, int size, ulong value)
    {
        switch (offset)
        {
            case ScsiConfig.SenseSizeOffset when size == 4 && value <= ScsiState.MaxSenseSize:
                _state.SenseSize = (uint)value;
                break;
            case ScsiConfig.CdbSizeOffset when size == 4 && value <= ScsiState.MaxCdbSize:
                _state.CdbSize = (uint)value;
                break;
            default:
                base.WriteConfig(offset, size, value);
                return;
        }

        _config.Update(_state);
    }

    /// <summary>Ends a request that a backend worked on, on any thread.</summary>
    public void Complete(ScsiRequest request, BlockResult result)
    {
        bool orphansGone;
        lock (Lock)
        {
            Metrics.Count(request.Type, result, request.Length);
            if (request.Type == BlockRequestType.In) request.MarkDataWritten();
            if (request.Generation == Queues[ScsiQueue.Request].Generation) Answer(request, request.AnswerOf(result));
            EndTasks(request);
            ScsiUnit unit = request.Unit!;
            request.Unit = null;
            unit.End();
            _target.RemoveIfDetached(unit);
            orphansGone = EndRequest();
            _idle.Push(request);
        }

        if (orphansGone) ProcessAll();
    }

    protected override bool HandleNext(int queue) => queue switch
    {
        ScsiQueue.Control => HandleTask(),
        ScsiQueue.Event => SendEvent(),
        _ => HandleRequest(),
    };

    protected override void OnReset()
    {
        _state.Clear();
        _config.Update(_state);
        _waiting.Clear();
        foreach (ScsiUnit? unit in _target.Units)
            if (unit is not null)
                unit.Attention = ScsiAttention.None;
    }

    private bool HandleRequest()
    {
        ScsiRequest request;
        ScsiUnit? unit;
        lock (Lock)
        {
            request = TakeIdle();
            if (!TryTake(Queues[ScsiQueue.Request], request.Chain))
            {
                _idle.Push(request);
                return false;
            }

            unit = null;
            bool isSound = request.TryParse(_state);
            if (!isSound) Metrics.CountMalformed();
            ScsiAnswer? answer = isSound ? _target.Execute(request, out unit) : ScsiAnswer.Failed(ScsiResponse.Failure);
            if (answer is not null)
            {
                Answer(request, answer.Value);
                _idle.Push(request);
                return true;
            }

            request.Unit = unit;
            request.Sequence = ++_sequence;
            request.Generation = Queues[ScsiQueue.Request].Generation;
            unit!.Begin();
            BeginRequest();
        }

        request.Submit(unit.Disk);
        return true;
    }

    private ScsiRequest TakeIdle()
    {
        if (_idle.TryPop(out ScsiRequest? request)) return request;
        request = new ScsiRequest(this, _memory);
        _requests.Add(request);
        return request;
    }

    // A request whose response cannot be written has no answer but a reset.
    private void Answer(ScsiRequest request, in ScsiAnswer answer)
    {
        if (answer.Status == ScsiStatus.CheckCondition) Metrics.CountCheck();
        if (!request.HasResponse || !request.TryAnswer(answer, out uint written))
        {
            NeedReset();
            return;
        }

        Return(Queues[ScsiQueue.Request], request.Chain.Head, written);
    }

    private bool HandleTask()
    {
        lock (Lock)
        {
            ScsiTask task = _nextTask;
            if (!TryTake(Queues[ScsiQueue.Control], task.Chain)) return false;
            Metrics.CountTask();
            if (!task.TryParse())
            {
                NeedReset();
                return false;
            }

            task.Generation = Queues[ScsiQueue.Control].Generation;
            task.Until = _sequence;
            task.Waiting = 0;
            ScsiResponse? response = Manage(task);
            if (response is not null)
            {
                Answer(task, response.Value);
                return true;
            }

            _waiting.Add(task);
            _nextTask = new ScsiTask(_memory);
            return true;
        }
    }

    // Null when the answer has to wait.
    private ScsiResponse? Manage(ScsiTask task)
    {
        if (!task.Address.IsTarget) return ScsiResponse.BadTarget;
        ScsiUnit? addressed = _target.Find(task.Address);
        bool isForAll = task.IsTmf && task.Function == ScsiTaskFunction.ITNexusReset;
        if (addressed is null && !isForAll) return ScsiResponse.IncorrectLun;
        if (!task.IsTmf) return ScsiResponse.Ok;
        foreach (ScsiRequest request in _requests)
            if (task.Covers(request))
                task.Waiting++;
        switch (task.Function)
        {
            case ScsiTaskFunction.QueryTask:
            case ScsiTaskFunction.QueryTaskSet:
                return task.Waiting > 0 ? ScsiResponse.FunctionSucceeded : ScsiResponse.Ok;
            case ScsiTaskFunction.ClearAca:
                return ScsiResponse.Ok;
            case ScsiTaskFunction.LogicalUnitReset:
            case ScsiTaskFunction.ITNexusReset:
                foreach (ScsiUnit? unit in _target.Units)
                    if (unit is not null && (isForAll || unit == addressed))
                        unit.Attention |= ScsiAttention.Reset;
                break;
            case ScsiTaskFunction.AbortTask:
            case ScsiTaskFunction.AbortTaskSet:
            case ScsiTaskFunction.ClearTaskSet:
                break;
            default:
                return ScsiResponse.FunctionRejected;
        }

        return task.Waiting == 0 ? ScsiResponse.Ok : null;
    }

    private void EndTasks(ScsiRequest request)
    {
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            ScsiTask task = _waiting[i];
            if (!task.Covers(request) || --task.Waiting > 0) continue;
            _waiting.RemoveAt(i);
            if (task.Generation == Queues[ScsiQueue.Control].Generation) Answer(task, ScsiResponse.Ok);
        }
    }

    private void Answer(ScsiTask task, ScsiResponse response)
    {
        if (task.TryAnswer(response, out uint written)) Return(Queues[ScsiQueue.Control], task.Chain.Head, written);
        else NeedReset();
    }

    // A driver that is not there yet will look for itself. Under the lock; Process follows without it.
    private void Tell(ulong feature, ScsiEvent what)
    {
        if (!HasAccepted(feature)) return;
        if (_state.Events.Count < ScsiState.EventCapacity)
        {
            _state.Events.Enqueue(what);
            return;
        }

        _state.EventsMissed = true;
        Metrics.CountEventMissed();
    }

    private bool SendEvent()
    {
        lock (Lock)
        {
            if (!_state.Events.TryPeek(out ScsiEvent next) || !TryTake(Queues[ScsiQueue.Event], _eventChain)) return false;
            Span<byte> bytes = stackalloc byte[ScsiEvent.Size];
            next.Write(bytes, _state.EventsMissed);
            if (_eventChain.WritableLength < ScsiEvent.Size || !_eventChain.TryWrite(0, bytes))
            {
                NeedReset();
                return false;
            }

            _state.Events.Dequeue();
            _state.EventsMissed = false;
            Metrics.CountEvent();
            Return(Queues[ScsiQueue.Event], _eventChain.Head, ScsiEvent.Size);
            return true;
        }
    }
}
