using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using CloudLab.Machine.Memory;
using CloudLab.Machine.State;

namespace CloudLab.Machine.Devices.Virtio.Console;

/// <summary>
/// A multiport console (virtio 1.3, section 5.3) with one port, number 1: the guest agent's byte stream
/// <see cref="PortName"/>. Port 0, which would be a second terminal, is never announced.
/// </summary>
/// <remarks>
/// <see cref="Received"/> is raised in order and without the device's lock, so that a listener may send at once.
/// <c>_receiveLock</c>, which keeps the order, is taken before the device's lock, never after it.
/// </remarks>
internal sealed class ConsoleDevice : VirtioDevice
{
    /// <summary>What the guest sees in <c>/sys/class/virtio-ports/*/name</c>.</summary>
    public const string PortName = "org.cloudlab.agent.0";

    /// <summary>The most bytes of one message of the guest; the rest of a longer one is dropped. Linux writes 32 KiB at most.</summary>
    public const int MaxMessage = 64 * 1024;

    private const int QueueSize = 64;
    private const uint MaxPorts = 2;
    private const uint AgentPort = 1;

    private readonly Lock _receiveLock = new();
    private readonly DescriptorChain _chain;
    private readonly ConsoleState _state = new();
    private readonly byte[] _config = new byte[12];
    private readonly byte[] _transfer = new byte[4096];

    public ConsoleDevice(GuestMemory memory, IInterruptLine line)
        : base(memory, line, new ConsoleMetrics(), VirtioDeviceType.Console, ConsoleFeatures.Multiport,
            QueueSize, QueueSize, QueueSize, QueueSize, QueueSize, QueueSize)
    {
        _chain = new DescriptorChain(memory);
        // struct virtio_console_config: cols and rows (not offered), then max_nr_ports.
        BinaryPrimitives.WriteUInt32LittleEndian(_config.AsSpan(4), MaxPorts);
    }

    /// <summary>What the guest's agent wrote, in its pieces. Handlers are quick, do not throw, and do not keep the memory.</summary>
    public event Action<ReadOnlyMemory<byte>>? Received;

    public new ConsoleMetrics Metrics => (ConsoleMetrics)base.Metrics;

    public override ReadOnlySpan<byte> Config => _config;

    /// <summary>Whether a program in the guest has the port open.</summary>
    public bool IsOpen
    {
        get
        {
            lock (Lock) return _state.Open;
        }
    }

    /// <summary>Queues bytes for the agent; false, and none taken, when the port is not open or has no room for all.</summary>
    public bool TrySend(ReadOnlySpan<byte> bytes)
    {
        lock (Lock)
        {
            if (!_state.Open || bytes.Length > ConsoleState.OutgoingCapacity - _state.Outgoing.Count) return false;
            foreach (byte b in bytes) _state.Outgoing.Enqueue(b);
        }

        Process(ConsoleQueue.AgentReceive);
        return true;
    }

    protected override void OnReset() => _state.Clear();

    protected override void SaveKit(MachineStateWriter writer)
    {
        writer.Write(_state.Open);
        writer.Write((byte)_state.Control.Count);
        foreach (byte[] message in _state.Control)
        {
            writer.Write((byte)message.Length);
            writer.Write(message);
        }

        writer.Write((uint)_state.Outgoing.Count);
        writer.Write(_state.Outgoing.ToArray());
    }

    protected override void RestoreKit(MachineStateReader reader)
    {
        _state.Clear();
        _state.Open = reader.ReadBool();
        for (int count = reader.ReadByte(ConsoleState.ControlCapacity); count > 0; count--)
        {
            byte[] message = new byte[reader.ReadByte()];
            reader.ReadBytes(message);
            _state.Control.Enqueue(message);
        }

        byte[] outgoing = new byte[reader.ReadUInt32(ConsoleState.OutgoingCapacity)];
        reader.ReadBytes(outgoing);
        foreach (byte b in outgoing) _state.Outgoing.Enqueue(b);
    }

    protected override bool HandleNext(int queue) => queue switch
    {
        ConsoleQueue.ControlReceive => SendControl(),
        ConsoleQueue.ControlTransmit => ReceiveControl(),
        ConsoleQueue.AgentReceive => SendToAgent(),
        ConsoleQueue.AgentTransmit => ReceiveFromAgent(),
        ConsoleQueue.Port0Transmit => Discard(),
        _ => false,
    };

    private bool SendControl()
    {
        lock (Lock)
        {
            if (!_state.Control.TryPeek(out byte[]? message) || !TryTake(Queues[ConsoleQueue.ControlReceive], _chain)) return false;
            if (!TryGive(ConsoleQueue.ControlReceive, message)) return false;
            _state.Control.Dequeue();
            return true;
        }
    }

    private bool ReceiveControl()
    {
        lock (Lock)
        {
            VirtQueue queue = Queues[ConsoleQueue.ControlTransmit];
            if (!TryTake(queue, _chain)) return false;
            Span<byte> bytes = stackalloc byte[ConsoleRequest.Size];
            if (_chain.ReadableLength < ConsoleRequest.Size || !_chain.TryRead(0, bytes))
            {
                NeedReset();
                return false;
            }

            Handle(ConsoleRequest.Parse(bytes));
            Return(queue, _chain.Head, 0);
        }

        Process(ConsoleQueue.ControlReceive);
        return true;
    }

    // The handshake of section 5.3.6.2: the device adds the port, the driver is ready for it, the device names and opens it.
    private void Handle(ConsoleRequest request)
    {
        switch (request.Event)
        {
            case ConsoleEvent.DeviceReady when request.Value == 1:
                EnqueueControl(new ConsoleRequest(AgentPort, ConsoleEvent.DeviceAdd, 1).ToArray());
                break;
            case ConsoleEvent.PortReady when request is { Port: AgentPort, Value: 1 }:
                EnqueueControl(new ConsoleRequest(AgentPort, ConsoleEvent.PortName, 1).ToArray(Encoding.ASCII.GetBytes(PortName)));
                EnqueueControl(new ConsoleRequest(AgentPort, ConsoleEvent.PortOpen, 1).ToArray());
                break;
            case ConsoleEvent.PortOpen when request.Port == AgentPort:
                _state.Open = request.Value != 0;
                if (!_state.Open) _state.Outgoing.Clear();
                break;
            default:
                Metrics.CountControlDropped();
                break;
        }
    }

    private void EnqueueControl(byte[] message)
    {
        if (_state.Control.Count < ConsoleState.ControlCapacity) _state.Control.Enqueue(message);
        else Metrics.CountControlDropped();
    }

    private bool SendToAgent()
    {
        lock (Lock)
        {
            if (_state.Outgoing.Count == 0 || !TryTake(Queues[ConsoleQueue.AgentReceive], _chain)) return false;
            int count = (int)Math.Min((ulong)Math.Min(_state.Outgoing.Count, _transfer.Length), _chain.WritableLength);
            for (int i = 0; i < count; i++) _transfer[i] = _state.Outgoing.Dequeue();
            if (!TryGive(ConsoleQueue.AgentReceive, _transfer.AsSpan(0, count))) return false;
            Metrics.CountSent(count);
            return true;
        }
    }

    private bool ReceiveFromAgent()
    {
        lock (_receiveLock)
        {
            byte[]? bytes = null;
            try
            {
                int length;
                lock (Lock)
                {
                    VirtQueue queue = Queues[ConsoleQueue.AgentTransmit];
                    if (!TryTake(queue, _chain)) return false;
                    length = (int)Math.Min(_chain.ReadableLength, MaxMessage);
                    bytes = ArrayPool<byte>.Shared.Rent(length);
                    if (!_chain.TryRead(0, bytes.AsSpan(0, length)))
                    {
                        NeedReset();
                        return false;
                    }

                    Metrics.CountReceived(length);
                    Metrics.CountDropped((long)(_chain.ReadableLength - (ulong)length));
                    Return(queue, _chain.Head, 0);
                }

                if (length > 0) Received?.Invoke(bytes.AsMemory(0, length));
                return true;
            }
            finally
            {
                if (bytes is not null) ArrayPool<byte>.Shared.Return(bytes);
            }
        }
    }

    private bool Discard()
    {
        lock (Lock)
        {
            VirtQueue queue = Queues[ConsoleQueue.Port0Transmit];
            if (!TryTake(queue, _chain)) return false;
            Metrics.CountDropped((long)_chain.ReadableLength);
            Return(queue, _chain.Head, 0);
            return true;
        }
    }

    // Fills the buffer just taken. One that is too small or not in RAM leaves no other answer than a reset.
    private bool TryGive(int queue, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || _chain.WritableLength < (ulong)bytes.Length || !_chain.TryWrite(0, bytes))
        {
            NeedReset();
            return false;
        }

        Return(Queues[queue], _chain.Head, (uint)bytes.Length);
        return true;
    }
}
